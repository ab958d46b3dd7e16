#!/usr/bin/env node
// Stands for `pulumi` on the search path: runs the real one, and kills it, with all that it started, at a step of its update or when it
// is told to by SIGTERM. Environment variables:
// REAL_PULUMI, what to run; KILL_AT, steps, one a line, as `begin` or `end`, operation, type and name of a resource: the first that comes
// is the one; PARALLEL, how many steps are done at a time; EVENTS, a file that keeps the events.
"use strict";
const { Buffer } = require("node:buffer");
const { execFileSync, spawn } = require("node:child_process");
const { closeSync, copyFileSync, existsSync, openSync, readSync } = require("node:fs");
const { clearInterval, setInterval } = require("node:timers");

const args = process.argv.slice(2);
const { REAL_PULUMI, KILL_AT, PARALLEL, EVENTS } = process.env;
const log = args.includes("--event-log") ? args[args.indexOf("--event-log") + 1] : undefined;
const engine = spawn(REAL_PULUMI, [...args, ...(PARALLEL && log ? ["--parallel", PARALLEL] : [])], { stdio: "inherit" });
const watch = KILL_AT && log ? setInterval(look, 2) : undefined;
process.on("SIGTERM", kill);
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
    if (lines.some((line) => line.startsWith("{") && KILL_AT.split("\n").includes(stepOf(JSON.parse(line))))) kill();
}

function stepOf({ resourcePreEvent, resOutputsEvent }) {
    const event = resourcePreEvent ?? resOutputsEvent;
    if (!event) return undefined;
    const { op, type, urn } = event.metadata;
    return [resourcePreEvent ? "begin" : "end", op, type, urn.split("::").pop()].join(" ");
}

function kill() {
    clearInterval(watch);
    // It stands still at once: the processes that it started, in groups of their own, take a moment to be found.
    engine.kill("SIGSTOP");
    const started = descendants(engine.pid);
    engine.kill("SIGKILL");
    for (const pid of started) {
        try {
            process.kill(pid, "SIGKILL");
        } catch (error) {
            if (error.code !== "ESRCH") throw error;
        }
    }
}

function descendants(root) {
    const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/).map(Number));
    const of = (parent) => processes.flatMap(([pid, ppid]) => (ppid === parent ? [pid, ...of(pid)] : []));
    return of(root);
}
