"use strict";
// Pulumi's SDK without what no process of this project uses.

const Module = require("node:module");

/**
 * Loads what loads Pulumi's SDK. To serialise closures the SDK has an npm client of several hundred files at hand, and
 * the whole TypeScript compiler; nothing here serialises one. Both are loaded when they are first touched.
 *
 * @param {() => unknown} loadIt
 */
exports.lightly = (loadIt) => {
    const load = Module._load;
    Module._load = function (request, ...rest) {
        return heavy.includes(request) ? whenTouched(() => load.call(this, request, ...rest)) : load.call(this, request, ...rest);
    };
    try {
        return loadIt();
    } finally {
        Module._load = load;
    }
};

const heavy = ["@npmcli/arborist", "typescript"];

function whenTouched(loadIt) {
    // Compiled imports copy the properties of what is not an ES module, and would so touch it at once.
    return new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : loadIt()[key]) });
}
