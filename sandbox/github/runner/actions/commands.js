"use strict";
// How an action talks to its runner: inputs by variables, outputs by files.

const fs = require("node:fs");

/** @returns {string} empty where it is not given */
function input(name) {
    return (process.env[`INPUT_${name.replace(/ /g, "_").toUpperCase()}`] ?? "").trim();
}

function output(name, value) {
    append("GITHUB_OUTPUT", name, value);
}

/** Sets a variable of the steps that follow. */
function exportVariable(name, value) {
    append("GITHUB_ENV", name, value);
}

/** Adds a folder to where the steps that follow look for programs. */
function addPath(folder) {
    fs.appendFileSync(process.env.GITHUB_PATH, `${folder}\n`);
}

/** Keeps a value out of the log. */
function mask(value) {
    console.log(`::add-mask::${value}`);
}

/** Ends the action, red. */
function failed(message) {
    console.log(`::error::${message.replace(/%/g, "%25").replace(/\r?\n/g, "%0A")}`);
    process.exit(1);
}

function append(variable, name, value) {
    if (/[\r\n]/.test(value)) throw new Error(`${name} has more than one line`);
    fs.appendFileSync(process.env[variable], `${name}=${value}\n`);
}

module.exports = { addPath, exportVariable, failed, input, mask, output };
