"use strict";
// How TypeScript is transpiled here: ts-node's transpiler (tsconfig.json names it) for Pulumi's host and mocha, and that of
// bin/typescript.js for the command line and Pulumi's plugin process.

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

/**
 * TypeScript's own transpilation, kept by content: only a file that no run has seen yet is transpiled.
 *
 * What decides the output names it: the source, the compiler options, TypeScript's version and how the file ends.
 * Its path does not, so a fresh checkout of a known commit finds everything.
 *
 * @param {string} root project whose TypeScript transpiles
 * @param {object} settings JSON of what decides besides the source
 * @param {(typescript: object) => object} optionsOf the compiler options, asked for with the first file that is not known
 */
exports.transpiler = (root, settings, optionsOf) => {
    // Beside the dependencies: out of git, shared by the checkouts that link them, gone with the next `npm ci`.
    const dependencies = path.join(root, "node_modules");
    const cache = path.join(dependencies, ".cache", "oneflow");
    const { version } = JSON.parse(fs.readFileSync(path.join(dependencies, "typescript", "package.json"), "utf8"));
    const deciding = JSON.stringify([version, settings]);
    return (source, fileName) => {
        const key = createHash("sha256")
            .update(JSON.stringify([deciding, path.extname(fileName), source]))
            .digest("hex");
        const file = path.join(cache, key.slice(0, 2), key.slice(2) + ".json");
        const known = read(file);
        if (known) return known;
        const typescript = require(path.join(dependencies, "typescript"));
        const compilerOptions = optionsOf(typescript);
        const made = typescript.transpileModule(source, { fileName, compilerOptions, reportDiagnostics: true });
        const { outputText, sourceMapText, diagnostics } = made;
        if (diagnostics.length === 0) write(file, { outputText, sourceMapText });
        return made;
    };
};

/** As ts-node asks for it. */
exports.create = ({ service }) => {
    const compilerOptions = emitOptions(service.config.options);
    const transpile = exports.transpiler(path.dirname(__dirname), compilerOptions, () => compilerOptions);
    return { transpile: (source, { fileName }) => transpile(source, fileName) };
};

/** The options without those that only say where the configuration was found, and where ts-node would write if it did. */
function emitOptions(options) {
    const { configFilePath: _found, outDir: _unused, ...deciding } = options;
    return deciding;
}

function read(file) {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8"));
    } catch (error) {
        // A file that a crash cut short is transpiled again.
        if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
        throw error;
    }
}

/** Puts the file in place whole, as other processes read at the same time. */
function write(file, content) {
    const partial = file + "." + process.pid;
    try {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(partial, JSON.stringify(content));
        fs.renameSync(partial, file);
    } catch (error) {
        // Dependencies may be installed by another, read-only: then every run transpiles.
        if (!["EACCES", "EPERM", "EROFS", "ENOSPC"].includes(error.code)) throw error;
    }
}
