"use strict";

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

/**
 * Installs the dependencies where node_modules was not installed from the present package-lock.json, else does nothing.
 * Ends the process where that fails.
 *
 * @param {string} root the project's folder
 */
function installDependencies(root) {
    const modules = path.join(root, "node_modules");
    const stamp = path.join(modules, ".oneflow-lock");
    const wanted = createHash("sha256")
        .update(fs.readFileSync(path.join(root, "package-lock.json")))
        .digest("hex");
    if (contentOf(stamp) === wanted) return;
    refuseLink(modules);
    const reason = fs.existsSync(modules)
        ? "node_modules was not installed from this package-lock.json"
        : "node_modules is missing";
    console.error("Installing dependencies with npm ci: " + reason + ".");
    npmCi(root);
    fs.writeFileSync(stamp, wanted + "\n");
}

function npmCi(root) {
    // Under `npm test` npm says where it is itself; yarn and others set the same variable.
    const npm = process.env.npm_execpath;
    const [command, args] = npm && /npm-cli\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ["npm", []];
    // The tests and the sandbox need what is a development dependency elsewhere, whatever NODE_ENV says.
    const { status, signal, error } = spawnSync(command, [...args, "ci", "--include=dev"], { cwd: root, stdio: ["ignore", 2, 2] });
    if (signal) process.kill(process.pid, signal);
    if (error || status !== 0) {
        console.error(
            "npm ci failed" +
                (error ? ": " + error.message : " with exit code " + status) +
                ".\n→ see its messages above, then: npm ci",
        );
        process.exit(1);
    }
}

/** npm ci would put a folder in the link's place, or empty the folder that others use too. */
function refuseLink(modules) {
    if (!fs.lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return;
    console.error(
        modules +
            " is a link to " +
            fs.readlinkSync(modules) +
            ", which was installed from another package-lock.json.\n" +
            "→ run npm test or npm start in that folder's project first, or remove the link",
    );
    process.exit(1);
}

function contentOf(file) {
    try {
        return fs.readFileSync(file, "utf8").trim();
    } catch (error) {
        if (error.code !== "ENOENT") throw error;
        return undefined;
    }
}

module.exports = { installDependencies };
