"use strict";

const { home, requireNode, runMain } = require("./entry.js");
requireNode();
const { installDependencies } = require("./install.js");

/** What `npm start`, `npm test` and `npm run bench` run. */
const entries = { start: "sandbox/start.ts", test: "test/run.ts", bench: "test/bench/run.ts" };

const [what, ...argv] = process.argv.slice(2);
if (!Object.hasOwn(entries, what)) {
    console.error("usage: node bin/run.js " + Object.keys(entries).join("|") + " [argument …]");
    process.exit(2);
}
installDependencies(home);
runMain(home, entries[what], argv);
