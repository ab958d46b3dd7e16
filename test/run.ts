import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Refusal } from "../core/refusal";
import { toolDirectory, type ToolName } from "../sandbox/toolchain/toolchain";
import { checks, runCheck } from "./run/checks";
import { mergeResults, runSuites, type SuiteResult } from "./run/suites";

/** Suites that share a process, and the external programs that they run. A suite is a folder beside this file. */
interface Group {
    suites: readonly string[];
    tools: readonly ToolName[];
    /** How many processes run its files. @default 1: they share servers */
    processes?: number;
}

const engineTools = ["pulumi", "pulumi-language-nodejs"] as const;
const dockerTools = ["buildx", "buildkitd"] as const;
const clusterTools = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

const groups: readonly Group[] = [
    { suites: ["unit", "components"], tools: [], processes: 2 },
    { suites: ["registry"], tools: ["docker-registry", "crane", "helm", "kubectl", "kustomize"] },
    { suites: ["workflows"], tools: ["actionlint", "zizmor", "act", ...engineTools, ...dockerTools], processes: 2 },
    { suites: ["engine"], tools: [...engineTools, ...dockerTools, "docker-registry", "crane", "helm", "kustomize"], processes: 2 },
    { suites: ["cluster"], tools: [...engineTools, ...clusterTools, "kwok", "checkov", "crane", "helm", "kubectl", "kustomize"] },
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
    const results: SuiteResult[] = [];
    if (only.includes("static")) {
        results.push({ passed: 0, failures: checks.flatMap(runCheck), skipped: [] });
    }
    for (const group of groups) {
        const suites = group.suites.filter((suite) => only.includes(suite));
        const files = suites.flatMap(testFiles);
        if (files.length === 0) continue;
        results.push(await runGroup({ ...group, suites }, files, grep));
    }
    const { passed, failures, skipped } = mergeResults(results);
    const inCi = process.env.CI === "true" || process.env.CI === "1";
    const failed = [...failures, ...(inCi ? skipped.map((title) => `${title}\nskipped, and in CI a skipped test has failed`) : [])];
    // Whoever sees the end of a long log alone sees here what failed.
    if (failed.length > 0) console.log(["\nFailed:", ...failed.map((words) => indented(words))].join("\n\n"));
    const said = skipped.length > 0 && !inCi ? `, ${skipped.length} skipped` : "";
    console.log(`${passed} passed, ${failed.length} failed${said}`);
    return failed.length === 0 ? 0 : 1;
}

async function runGroup(
    { suites, tools, processes = 1 }: Group,
    files: readonly string[],
    grep: string | undefined,
): Promise<SuiteResult> {
    const name = suites.join(" and ");
    if (tools.length > 0) {
        console.log(`toolchain for ${name}: ${tools.join(", ")}`);
        try {
            await toolDirectory(tools);
        } catch (error) {
            const failure = `${name} did not run: its programs are missing\n${(error as Error).message}`;
            console.log(`${failure}\n`);
            return { passed: 0, failures: [failure], skipped: [] };
        }
    }
    return runSuites(name, files, { grep, processes });
}

function indented(words: string): string {
    return words.replace(/^/gm, "  ");
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
