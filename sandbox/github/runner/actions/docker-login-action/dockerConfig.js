"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** Changes docker's configuration of this process. @param {(config: { auths?: object }) => object} edit */
exports.editDockerConfig = (edit) => {
    const folder = process.env.DOCKER_CONFIG || path.join(process.env.HOME, ".docker");
    const file = path.join(folder, "config.json");
    const config = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, JSON.stringify(edit(config)), { mode: 0o600 });
};
