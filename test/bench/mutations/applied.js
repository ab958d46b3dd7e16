"use strict";
// Loaded before the tests: one file of the source reads as the mutant that ONEFLOW_MUTANT names, and none is touched on disk.

const fs = require("node:fs");
const path = require("node:path");

const { file, start, end, replacement } = JSON.parse(process.env.ONEFLOW_MUTANT);
const { readFileSync } = fs;

fs.readFileSync = function (name, ...options) {
    const content = readFileSync.call(fs, name, ...options);
    if (typeof name !== "string" || path.resolve(name) !== file) return content;
    const text = String(content);
    return text.slice(0, start) + replacement + text.slice(end);
};
