"use strict";

const path = require("node:path");
const { failed, input, output } = require("../commands");

const listed = (text, separator) =>
    text
        .split(separator)
        .map((one) => one.trim())
        .filter(Boolean);

async function main() {
    const root = path.resolve(__dirname, "../../../../..");
    require("ts-node").register({ transpileOnly: true, cwd: root });
    const { buildOnRunner } = require(path.join(root, "sandbox/github/imageBuild"));
    const context = input("context");
    const digest = await buildOnRunner({
        workspace: process.env.GITHUB_WORKSPACE,
        context,
        dockerfile: input("file") || path.join(context, "Dockerfile"),
        args: Object.fromEntries(
            listed(input("build-args"), "\n").map((line) => {
                const [name, ...value] = line.split("=");
                return [name, value.join("=")];
            }),
        ),
        platforms: listed(input("platforms"), ","),
        output: Object.fromEntries(listed(input("outputs"), ",").map((entry) => entry.split("="))),
        dockerHost: process.env.DOCKER_HOST,
    });
    if (digest !== undefined) output("digest", digest);
    console.log(digest === undefined ? "Built, and thrown away." : `Pushed ${digest}`);
}

main().catch((error) => failed(`buildx failed with: ERROR: ${error.message}`));
