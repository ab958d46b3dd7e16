"use strict";
// What a bare repository of the sandbox runs after a push: it tells the Actions, as GitHub tells its own.
/* global fetch */

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const [directory, repository] = process.argv.slice(2);
const changes = fs
    .readFileSync(0, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(" "));

async function main() {
    const { address, key } = JSON.parse(fs.readFileSync(path.join(directory, "control.json"), "utf8"));
    const email = /<([^>@]*)/.exec(execFileSync("git", ["var", "GIT_COMMITTER_IDENT"], { encoding: "utf8" }));
    const actor = email?.[1] || "unknown";
    for (const [before, after, ref] of changes) {
        const event = { name: "push", repository, actor, ref, before, after };
        const response = await fetch(`${address}/_world/events`, {
            method: "POST",
            headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
            body: JSON.stringify({ event }),
        });
        const answer = await response.json();
        if (!response.ok) throw new Error(answer.message);
    }
}

main().catch((error) => {
    // The push itself is done. Whoever pushed is told that nothing runs for it.
    console.error(`The sandbox's GitHub Actions started nothing: ${error.cause?.message ?? error.message}`);
});
