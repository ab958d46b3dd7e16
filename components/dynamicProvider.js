"use strict";
// The engine's plugin process runs this file as it is: it knows no TypeScript. What a run without changes needs stands
// here in plain JavaScript; only a run that writes loads TypeScript.

/** Whether anything changed, by the fields of a resource's inputs that say so. All others only tell how to do it. */
const changed = {
    PromotedImages: differIn("to", "commit", "release", "pins", "images"),
    DatabaseSchema: differIn("to", "reached"),
    RunRecord: differIn("to", "set", "settings"),
    // What a branch lacks is read before every run: nothing to write is no change, whatever was written before.
    DeliveredWorkflows: (_olds, { files, remove }) => Object.keys(files).length + remove.length > 0,
};

/** The provider of one kind of resource, as `@pulumi/pulumi/dynamic` calls it. */
exports.provider = (kind) => ({
    async diff(_id, olds, news) {
        return { changes: changed[kind](olds, news) };
    },
    create: (inputs) => operations(kind).create(inputs),
    update: async (_id, _olds, news) => ({ outs: (await operations(kind).create(news)).outs }),
    async delete() {
        // Images that another set may run and records of what ran stay: this only forgets them.
    },
});

function differIn(...fields) {
    return (olds, news) => fields.some((field) => canonical(olds[field]) !== canonical(news[field]));
}

function operations(kind) {
    require("../bin/typescript").registerTypeScript(process.cwd());
    return require("./dynamicOperations")[kind];
}

function canonical(value) {
    return JSON.stringify(value, (_, inner) =>
        inner !== null && typeof inner === "object" && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
            : inner,
    );
}
