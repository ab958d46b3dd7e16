#!/usr/bin/env node
"use strict";

const { home, requireNode, runMain } = require("./entry.js");
requireNode();
const fs = require("node:fs");
const path = require("node:path");

/** Commands around the project rather than of it: they run from the checkout that this file stands in. */
const sandboxCommands = {
    toolchain: {
        entry: "sandbox/toolchain/command.ts",
        summary: "list or build the external programs that the sandbox and the tests run",
    },
    sandbox: { entry: "sandbox/cli.ts", summary: "the world on loopback that npm start leaves behind" },
};

const { argv, debug } = withoutVerbose(process.argv.slice(2));
if (debug) process.env.ONEFLOW_DEBUG = "1";
const [name, ...rest] = argv;
if (Object.hasOwn(sandboxCommands, name ?? "")) {
    runMain(home, sandboxCommands[name].entry, rest);
} else {
    const summaries = Object.fromEntries(Object.entries(sandboxCommands).map(([command, { summary }]) => [command, summary]));
    runMain(enclosingProject(process.cwd()) ?? home, "cli/main.ts", argv, summaries);
}

/** `--verbose` is every command's; what stands behind `--` is not ours. */
function withoutVerbose(all) {
    const end = all.includes("--") ? all.indexOf("--") : all.length;
    const own = all.slice(0, end);
    return { argv: [...own.filter((argument) => argument !== "--verbose"), ...all.slice(end)], debug: own.includes("--verbose") };
}

/**
 * The nearest folder at or above that is a copy of this project. A project's command line and its program must be the same code,
 * and a copy's node_modules may be a link that leads here.
 */
function enclosingProject(folder) {
    const manifest = path.join(folder, "package.json");
    const isProject = fs.existsSync(path.join(folder, "cli", "main.ts")) && fs.existsSync(manifest);
    if (isProject && JSON.parse(fs.readFileSync(manifest, "utf8")).bin?.oneflow) return folder;
    const parent = path.dirname(folder);
    return parent === folder ? undefined : enclosingProject(parent);
}
