"use strict";
// Plain JavaScript that an old Node can read: the first thing that runs on a fresh machine.

const { existsSync } = require("fs");
const path = require("path");

/** The folder that this file's project stands in. */
const home = path.dirname(__dirname);

/** Ends the process with a message for whoever starts it with a Node that the dependencies do not support. */
function requireNode() {
    const wanted = require("../package.json").engines.node.replace(/^>=/, "");
    const [major, minor] = wanted.split(".").map(Number);
    const [haveMajor, haveMinor] = process.versions.node.split(".").map(Number);
    if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
        console.error(
            "oneflow needs Node " +
                wanted +
                " or newer; this is " +
                process.versions.node +
                " (" +
                process.execPath +
                ").\n" +
                "→ install it from https://nodejs.org or with your version manager: nvm install " +
                major,
        );
        process.exit(1);
    }
}

/**
 * Runs the `main` of a TypeScript file; what it resolves to is the process's exit code.
 * A refusal is printed as it is (2), any other error as its message (1), with its stack where ONEFLOW_DEBUG is set.
 *
 * @param {string} root project whose code runs
 * @param {string} entry file in it that exports `main(argv, …): Promise<number>`
 * @param {readonly string[]} argv
 * @param {...unknown} more what `main` takes besides
 */
async function runMain(root, entry, argv, ...more) {
    // Node 22 and newer keep compiled code between runs.
    const { enableCompileCache } = require("module");
    if (enableCompileCache) enableCompileCache();
    requireInstalled(root);
    require("./typescript.js").registerTypeScript(root);
    try {
        process.exitCode = await require(path.join(root, entry)).main(argv, ...more);
    } catch (error) {
        process.exitCode = report(error);
    }
}

function requireInstalled(root) {
    if (existsSync(path.join(root, "node_modules", "typescript"))) return;
    console.error("The dependencies of " + root + " are not installed.\n→ cd " + root + " && npm ci");
    process.exit(1);
}

function report(error) {
    if (!(error instanceof Error)) {
        console.error(String(error));
        return 1;
    }
    console.error(process.env.ONEFLOW_DEBUG ? error.stack : error.message);
    return error.name === "Refusal" ? error.constructor.exitCode : 1;
}

module.exports = { home, requireNode, runMain };
