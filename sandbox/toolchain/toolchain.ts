import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { formatRefusal, type Problem } from "../../core/refusal";
import { cacheFolder, logFile, makeEntry, receiptOf, sizeOf } from "./cache";
import { printProgress, type Report } from "./progress";
import { CommandFailed } from "./run";
import { withoutLinksInto } from "./searchPath";
import type { Source } from "./source";
import { type ToolName, type ToolOrigin, tools } from "./tools";

export type { ToolName } from "./tools";

/** Where the toolchain looks and what it tells. */
export interface ToolchainOptions {
    /** Folder that made programs are kept in. @default `${ONEFLOW_CACHE:-${XDG_CACHE_HOME:-~/.cache}/oneflow}/toolchain` */
    cache?: string;
    /** PATH to look for the user's own programs. @default - the process's, then `/usr/bin` */
    searchPath?: string;
    /** Told of what takes long. @default - lines on standard error */
    report?: Report;
    /** Where each program comes from. @default {@link tools} */
    origins?: Readonly<Record<string, ToolOrigin>>;
}

/** A program, or that it is not here yet. */
export interface ToolStatus {
    name: ToolName;
    /** `path`: the user's own. `cache`: made by an earlier run. `built`: made by this process. */
    from: "path" | "cache" | "built" | "absent";
    /** Of an absent one: what would be made first. Absent where that is known only afterwards. */
    version?: string;
    /** Absent where the program is. */
    path?: string;
    bytes?: number;
    /** What made it: `Go module`, `Debian package`. Absent for the user's own. */
    label?: string;
    /** Seconds that making it took. Absent for the user's own. */
    seconds?: number;
}

/** No source of a program works on this machine. */
export class ToolUnavailable extends Error {
    constructor(
        readonly tool: string,
        readonly problems: readonly Problem[],
    ) {
        super(formatRefusal(`${tool} is not on PATH and could not be made`, problems));
        this.name = "ToolUnavailable";
    }
}

/**
 * Path of a program, which is made first where it is neither on PATH nor in the cache.
 *
 * @throws ToolUnavailable
 */
export async function toolPath(name: ToolName, options: ToolchainOptions = {}): Promise<string> {
    const { cache = cacheFolder(), report = printProgress(), origins = tools } = options;
    const { path } = await find(name, options);
    if (path) return path;
    const problems: Problem[] = [];
    for (const source of origins[name].sources) {
        const problem = await tryToMake(cache, name, source, report);
        if (!problem) return join(cache, (await source.cacheName())!, name);
        problems.push({ subject: source.label, ...problem });
        report({ tool: name, state: "skipped", label: source.label, reason: problem.message });
    }
    throw new ToolUnavailable(name, problems);
}

/**
 * A folder of links to programs, to put before PATH, each under its own name. With `pulumi` stands the script that dynamic resources need.
 *
 * @throws ToolUnavailable
 */
export async function toolDirectory(names: readonly ToolName[], options: ToolchainOptions = {}): Promise<string> {
    const links: Record<string, string> = {};
    for (const name of names) links[name] = await toolPath(name, options);
    if (names.includes("pulumi")) {
        links[dynamicProvider] = join(dirname(require.resolve("@pulumi/pulumi/package.json")), dynamicProvider);
    }
    const { cache = cacheFolder() } = options;
    const key = createHash("sha256")
        .update(JSON.stringify(Object.entries(links).sort()))
        .digest("hex")
        .slice(0, 16);
    const folder = join(cache, `path-${key}`);
    if (!existsSync(folder)) linkAll(folder, links);
    return folder;
}

/** All programs, whether they are here or not. Makes nothing. */
export async function status(options: ToolchainOptions = {}): Promise<ToolStatus[]> {
    return Promise.all((Object.keys(options.origins ?? tools) as ToolName[]).map((name) => find(name, options)));
}

const dynamicProvider = "pulumi-resource-pulumi-nodejs";
const madeHere = new Set<string>();

async function find(name: ToolName, options: ToolchainOptions): Promise<ToolStatus> {
    const { cache = cacheFolder(), origins = tools, searchPath = [process.env.PATH, "/usr/bin"].join(delimiter) } = options;
    const { installed, sources } = origins[name];
    const own = await installed?.(withoutLinksInto(cache, name, searchPath)).catch(doesNotRun);
    if (own) return { name, from: "path", ...own, bytes: sizeOf(own.path) };
    for (const source of sources) {
        const entry = await source.cacheName();
        const receipt = entry && receiptOf(join(cache, entry));
        if (entry && receipt) {
            const path = join(cache, entry, name);
            return { name, from: madeHere.has(path) ? "built" : "cache", path, bytes: sizeOf(path), ...receipt };
        }
    }
    return { name, from: "absent", version: sources[0].version };
}

/** A program that cannot say its version (another machine's, a broken link to a library) is as good as none. */
function doesNotRun(error: unknown): undefined {
    if (!(error instanceof CommandFailed)) throw error;
    return undefined;
}

/** Nothing where the source's entry now stands in the cache; else why not. */
async function tryToMake(
    cache: string,
    name: ToolName,
    source: Source,
    report: Report,
): Promise<Omit<Problem, "subject"> | undefined> {
    const entry = await source.cacheName();
    const obstacle = await source.unavailable();
    if (obstacle || !entry) return obstacle ?? { message: "cannot be had on this machine" };
    try {
        if (await makeEntry(cache, entry, name, source, report)) madeHere.add(join(cache, entry, name));
        return undefined;
    } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        return {
            message: `${error.command}: ${error.reason}\n${error.tail}\nfull log: ${logFile(cache, entry)}`,
            remedy: remedyFor(error.tail, name),
        };
    }
}

/** The next step after a build that failed, by what its log says. */
function remedyFor(tail: string, name: ToolName): string {
    const again = `npx oneflow toolchain build ${name}`;
    if (/no space left on device/.test(tail)) return `make room, then: ${again}`;
    if (/signal: killed|SIGKILL|cannot allocate memory/.test(tail)) return `it ran out of memory (2 GB are enough), then: ${again}`;
    if (/dial tcp|no such host|i\/o timeout|proxyconnect|TLS handshake/.test(tail))
        return `check the network and \`go env GOPROXY\`, then: ${again}`;
    return `read the log, then: ${again}`;
}

function linkAll(folder: string, links: Readonly<Record<string, string>>): void {
    mkdirSync(dirname(folder), { recursive: true });
    const part = mkdtempSync(`${folder}.part-`);
    for (const [name, target] of Object.entries(links)) link(target, join(part, name));
    try {
        renameSync(part, folder);
    } catch (error) {
        // Another process made the same folder meanwhile.
        rmSync(part, { recursive: true });
        if (!existsSync(folder)) throw error;
    }
}

/**
 * The engine looks for its language host beside the file that it was started from, symbolic links resolved, and warns at each run
 * where the one on PATH is another. So what the cache keeps apart is linked hard, as if installed into one folder.
 */
function link(target: string, file: string): void {
    const together = dirname(dirname(target)) === dirname(dirname(file));
    if (together) linkSync(target, file);
    else symlinkSync(target, file);
}
