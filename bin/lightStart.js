"use strict";
// What every process of this project loads, without what none uses: to serialise closures @pulumi/pulumi has an npm
// client of several hundred files at hand, and the whole TypeScript compiler. Both are loaded when they are first touched.

const Module = require("node:module");

const heavy = ["@npmcli/arborist", "typescript"];
const load = Module._load;
Module._load = function (request, ...rest) {
    return heavy.includes(request) ? whenTouched(() => load.call(this, request, ...rest)) : load.call(this, request, ...rest);
};
require("@pulumi/pulumi");
Module._load = load;

function whenTouched(loadIt) {
    // Compiled imports copy the properties of what is not an ES module, and would so touch it at once.
    return new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : loadIt()[key]) });
}
