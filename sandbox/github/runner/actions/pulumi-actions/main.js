"use strict";

const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { addPath, failed, input } = require("../commands");

const wanted = input("pulumi-version");
if (input("command") !== "")
    failed(`the sandbox's pulumi/actions installs only: run pulumi ${input("command")} in a step of its own`);
const programs = path.resolve(__dirname, "../../bin");
const { stdout, error } = spawnSync(path.join(programs, "pulumi"), ["version"], { encoding: "utf8" });
if (error) failed(`pulumi does not start: ${error.message}`);
if (stdout.trim().replace(/^v/, "") !== wanted) failed(`the sandbox has Pulumi ${stdout.trim()}, not ${wanted}`);
addPath(programs);
