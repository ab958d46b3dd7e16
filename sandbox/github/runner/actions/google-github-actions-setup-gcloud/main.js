"use strict";

const path = require("node:path");
const { addPath, exportVariable, failed, input, output } = require("../commands");

/** What stands in the sandbox for components of gcloud. */
const components = ["gke-gcloud-auth-plugin"];

const wanted = input("install_components")
    .split(/[\s,]+/)
    .filter(Boolean);
const unknown = wanted.filter((name) => !components.includes(name));
if (unknown.length > 0) failed(`the sandbox's gcloud has no component ${unknown.join(", ")}: it has ${components.join(", ")}`);
if (input("project_id") !== "") exportVariable("CLOUDSDK_CORE_PROJECT", input("project_id"));
output("version", input("version"));
addPath(path.resolve(__dirname, "../../bin"));
