#!/usr/bin/env node
// Stands for `pulumi` on the search path: runs the real one, and kills it at a step of its update. Told by environment variables:
// REAL_PULUMI, what to run; KILL_AT, `begin` or `end`, the operation, type and name of a resource; EVENTS, a file that keeps the events.
"use strict";
const { Buffer } = require("node:buffer");
const { spawn } = require("node:child_process");
const { closeSync, copyFileSync, existsSync, openSync, readSync } = require("node:fs");
const { clearInterval, setInterval } = require("node:timers");

const args = process.argv.slice(2);
const { REAL_PULUMI, KILL_AT, EVENTS } = process.env;
const log = args.includes("--event-log") ? args[args.indexOf("--event-log") + 1] : undefined;
const engine = spawn(REAL_PULUMI, args, { stdio: "inherit" });
const watch = KILL_AT && log ? setInterval(look, 2) : undefined;
engine.on("exit", (code, signal) => {
    clearInterval(watch);
    if (EVENTS && log && existsSync(log)) copyFileSync(log, EVENTS);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
});

let read = 0;
let text = "";
function look() {
    if (!existsSync(log)) return;
    const file = openSync(log, "r");
    const buffer = Buffer.alloc(2 ** 20);
    for (let count; (count = readSync(file, buffer, 0, buffer.length, read)) > 0; read += count) {
        text += buffer.toString("utf8", 0, count);
    }
    closeSync(file);
    const lines = text.split("\n");
    text = lines.pop();
    if (lines.some((line) => line.startsWith("{") && stepOf(JSON.parse(line)) === KILL_AT)) {
        clearInterval(watch);
        engine.kill("SIGKILL");
    }
}

function stepOf({ resourcePreEvent, resOutputsEvent }) {
    const event = resourcePreEvent ?? resOutputsEvent;
    if (!event) return undefined;
    const { op, type, urn } = event.metadata;
    return [resourcePreEvent ? "begin" : "end", op, type, urn.split("::").pop()].join(" ");
}
