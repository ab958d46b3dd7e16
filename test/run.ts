import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Refusal } from "../core/refusal";
import { toolDirectory, type ToolName } from "../sandbox/toolchain/toolchain";
import { checks, runCheck } from "./run/checks";
import { runSuites, type SuiteResult } from "./run/suites";

/** Suites that share a process, and the external programs that they run. A suite is a folder beside this file. */
interface Group {
    suites: readonly string[];
    tools: readonly ToolName[];
    /** How many files may run at once. @default 1: they share servers or worlds */
    jobs?: number;
}

const engineTools = ["pulumi", "pulumi-language-nodejs"] as const;
const dockerTools = ["buildx", "buildkitd"] as const;
const clusterTools = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

const groups: readonly Group[] = [
    { suites: ["unit", "components"], tools: [], jobs: 2 },
    { suites: ["registry"], tools: ["docker-registry", "crane", "helm", "kubectl"] },
    { suites: ["workflows"], tools: ["actionlint", "zizmor", "act", ...engineTools, ...dockerTools] },
    { suites: ["engine"], tools: [...engineTools, ...dockerTools, "docker-registry", "crane"] },
    { suites: ["cluster"], tools: [...engineTools, ...clusterTools, "kwok", "checkov"] },
];
const parts = ["static", ...groups.flatMap(({ suites }) => suites)];

/**
 * `npm test`: the static checks, the toolchain that the suites need, the suites.
 * The last line is `N passed, N failed`, with `, N skipped` where some were. In CI a skipped test has failed.
 *
 * @param argv `--only part[,part]`, `--grep text`
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { only, grep } = readArguments(argv);
    const total = { passed: 0, failed: 0, skipped: [] as string[] };
    if (only.includes("static")) {
        for (const check of checks) if (!runCheck(check)) total.failed++;
    }
    for (const group of groups) {
        const suites = group.suites.filter((suite) => only.includes(suite));
        const files = suites.flatMap(testFiles);
        if (files.length === 0) continue;
        const result = await runGroup({ ...group, suites }, files, grep);
        total.passed += result.passed;
        total.failed += result.failed;
        total.skipped.push(...result.skipped);
    }
    const inCi = process.env.CI === "true" || process.env.CI === "1";
    if (inCi && total.skipped.length > 0) {
        console.log(["In CI a skipped test has failed:", ...total.skipped.map((title) => `  ${title}`)].join("\n"));
        total.failed += total.skipped.length;
        total.skipped = [];
    }
    const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : "";
    console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
    return total.failed === 0 ? 0 : 1;
}

async function runGroup(
    { suites, tools, jobs = 1 }: Group,
    files: readonly string[],
    grep: string | undefined,
): Promise<SuiteResult> {
    const name = suites.join(" and ");
    if (tools.length > 0) {
        console.log(`toolchain for ${name}: ${tools.join(", ")}`);
        try {
            await toolDirectory(tools);
        } catch (error) {
            console.log(`${(error as Error).message}\n${name} did not run: its programs are missing\n`);
            return { passed: 0, failed: 1, skipped: [] };
        }
    }
    return runSuites(name, files, { grep, jobs });
}

function testFiles(suite: string): string[] {
    const folder = join(__dirname, suite);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".test.ts"))
        .sort()
        .map((file) => join("test", suite, file));
}

function readArguments(argv: readonly string[]): { only: readonly string[]; grep?: string } {
    const { values } = parseArgs({ args: [...argv], options: { only: { type: "string" }, grep: { type: "string" } } });
    const only = values.only?.split(",") ?? parts;
    const unknown = only.filter((part) => !parts.includes(part));
    if (unknown.length > 0) {
        const message = `no part of the tests is called ${unknown.join(", ")}; there are: ${parts.join(", ")}`;
        throw new Refusal("Nothing was tested", [{ subject: "--only", message, remedy: "npm test -- --only unit,components" }]);
    }
    return { only, grep: values.grep };
}
