"use strict";
// Loads this project's TypeScript where a process needs nothing else of ts-node: that one alone takes a quarter of a second.

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { transpiler } = require("./transpile.js");

/**
 * Has `require` take TypeScript files, transpiled and not checked, as ts-node would under the same tsconfig.json.
 *
 * @param {string} root the project, for its tsconfig.json and its TypeScript
 */
exports.registerTypeScript = (root) => {
    const { compilerOptions } = JSON.parse(fs.readFileSync(path.join(root, "tsconfig.json"), "utf8"));
    // Who asks for stacks gets them in TypeScript; for all others the maps are not read.
    const mapped = Boolean(process.env.ONEFLOW_DEBUG);
    if (mapped) process.setSourceMapsEnabled(true);
    const written = { ...compilerOptions, noEmit: false, inlineSourceMap: mapped, inlineSources: mapped };
    const transpile = transpiler(root, written, (typescript) => typescript.convertCompilerOptionsFromJson(written, root).options);
    Module._extensions[".ts"] = (module, filename) => {
        const { outputText, diagnostics = [] } = transpile(fs.readFileSync(filename, "utf8"), filename);
        if (diagnostics.length > 0) {
            const [{ messageText, start }] = diagnostics;
            const text = typeof messageText === "string" ? messageText : messageText.messageText;
            throw new SyntaxError(filename + " at character " + start + ": " + text);
        }
        module._compile(outputText, filename);
    };
};
