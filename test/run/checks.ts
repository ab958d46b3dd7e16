import { spawnSync } from "node:child_process";
import { join, parse } from "node:path";

/** A program of node_modules that judges the whole checkout. */
export interface Check {
    /** Path of its script below node_modules. */
    script: string;
    args: readonly string[];
}

const root = join(__dirname, "..", "..");

export const checks: readonly Check[] = [
    // tsconfig.json switches checking off, because Pulumi's own compile at each `up` would pay for it.
    { script: "typescript/bin/tsc", args: ["--noEmit", "--noCheck", "false"] },
    { script: "eslint/bin/eslint.js", args: ["."] },
    { script: "prettier/bin/prettier.cjs", args: ["--check", "."] },
];

/** Runs a check and prints a line, and all that it said where it failed. @returns its name where it failed */
export function runCheck({ script, args }: Check): string[] {
    const name = [parse(script).name, ...args].join(" ");
    const start = Date.now();
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
        cwd: root,
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
    });
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${status === 0 ? "ok    " : "FAILED"}  ${name}  (${seconds} s)`);
    if (status !== 0) console.log(`${stdout}${stderr}${error?.message ?? ""}`);
    return status === 0 ? [] : [name];
}
