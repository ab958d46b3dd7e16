"use strict";

const path = require("node:path");
const { failed, input, output } = require("../commands");

const listed = (text, separator) =>
    text
        .split(separator)
        .map((one) => one.trim())
        .filter(Boolean);

/** `name=value`, a line each. */
const assigned = (name) =>
    Object.fromEntries(
        listed(input(name), "\n").map((line) => {
            const [key, ...value] = line.split("=");
            return [key, value.join("=")];
        }),
    );

async function main() {
    const root = path.resolve(__dirname, "../../../../..");
    require(path.join(root, "bin/typescript")).registerTypeScript(root);
    const { buildOnRunner } = require(path.join(root, "sandbox/github/imageBuild"));
    const { BUILDKIT_HOST, DOCKER_HOST } = process.env;
    const context = input("context");
    const digest = await buildOnRunner({
        workspace: process.env.GITHUB_WORKSPACE,
        context,
        dockerfile: input("file") || path.join(context, "Dockerfile"),
        args: assigned("build-args"),
        contexts: assigned("build-contexts"),
        platforms: listed(input("platforms"), ","),
        output: Object.fromEntries(listed(input("outputs"), ",").map((entry) => entry.split("="))),
        provenance: input("provenance") || undefined,
        builder: BUILDKIT_HOST ? "buildkit" : DOCKER_HOST ? { dockerHost: DOCKER_HOST } : undefined,
    });
    if (digest !== undefined) output("digest", digest);
    console.log(digest === undefined ? "Built, and thrown away." : `Pushed ${digest}`);
}

main().catch((error) => failed(`buildx failed with: ERROR: ${error.message}`));
