"use strict";

const fs = require("node:fs");
const { input } = require("../commands");

const file = process.env.GOOGLE_GHA_CREDS_PATH;
if (file && input("cleanup_credentials") === "true") fs.rmSync(file, { force: true });
