"use strict";

const fs = require("node:fs");
const path = require("node:path");

/**
 * Lets whoever asks the sandbox's registry for images do so by Application Default Credentials. On Google Cloud the registry's
 * name alone says that they fit it; the sandbox's is a port of the loopback.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
function nameRegistryHelper({ ONEFLOW_SANDBOX_REGISTRY: registry, DOCKER_CONFIG: folder, HOME: home }) {
    if (!registry) throw new Error("ONEFLOW_SANDBOX_REGISTRY is not set: it names host and port of the sandbox's registry");
    const directory = folder ?? path.join(home, ".docker");
    const file = path.join(directory, "config.json");
    const config = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ ...config, credHelpers: { ...config.credHelpers, [registry]: "gcloud" } }));
}

module.exports = { nameRegistryHelper };
