import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./run";
import { findOnPath, isExecutable } from "./searchPath";

/** A program that the user installed. */
export interface Installed {
    path: string;
    version: string;
}

/** The oldest engine that the SDK and the program were run with. */
const oldestPulumi = [3, 200, 0];

/**
 * The user's own engine, where it is recent enough and has its language host beside it: they come as a pair.
 *
 * @returns path of the engine or of the language host, with the engine's version
 */
export async function installedPulumi(
    program: "pulumi" | "pulumi-language-nodejs",
    searchPath: string,
): Promise<Installed | undefined> {
    const pulumi = findOnPath("pulumi", searchPath);
    if (!pulumi) return undefined;
    const host = [pulumi, realpathSync(pulumi)].map((path) => join(dirname(path), "pulumi-language-nodejs")).find(isExecutable);
    const version = (await run(pulumi, ["version"], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } })).trim();
    if (!host || !atLeast(version, oldestPulumi)) return undefined;
    return { path: program === "pulumi" ? pulumi : host, version };
}

/** The user's own registry; Debian puts it where the PATH of some sessions does not look. */
export async function installedRegistry(searchPath: string): Promise<Installed | undefined> {
    const path = findOnPath("docker-registry", searchPath);
    if (!path) return undefined;
    const [version] = (await run(path, ["--version"])).trim().split(" ").slice(-1);
    return { path, version };
}

function atLeast(version: string, oldest: readonly number[]): boolean {
    const parts = version.replace(/^v/, "").split(/[.-]/).map(Number);
    const first = [0, 1, 2].find((index) => parts[index] !== oldest[index]);
    return first === undefined || parts[first] > oldest[first];
}
