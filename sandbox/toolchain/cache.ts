import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Report } from "./progress";
import { withLock } from "./lockFile";
import type { Source } from "./source";

/** What the cache keeps beside a program. */
export interface Receipt {
    /** Where it came from, the source's label. */
    label: string;
    version?: string;
    /** Seconds that making it took. */
    seconds: number;
}

/** Where made programs are kept, for all checkouts of this user. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
    const { ONEFLOW_CACHE, XDG_CACHE_HOME } = environment;
    return join(ONEFLOW_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "oneflow"), "toolchain");
}

/** The receipt of an entry; nothing where the cache has none. An entry is whole or not there. */
export function receiptOf(folder: string): Receipt | undefined {
    try {
        return JSON.parse(readFileSync(join(folder, receiptFile), "utf8")) as Receipt;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return undefined;
    }
}

/** Bytes of a program. */
export function sizeOf(file: string): number {
    return statSync(file).size;
}

/** File that a source writes to when it makes an entry: kept until the entry is made again. */
export function logFile(cache: string, entry: string): string {
    return join(cache, "logs", `${entry}.log`);
}

/**
 * Makes an entry of the cache, one at a time on this machine: the compiler takes all cores by itself.
 *
 * @param entry name of the folder in the cache
 * @returns whether it was made here; not where another process made it meanwhile
 * @throws what the source throws; the cache then has nothing of it but the log
 */
export async function makeEntry(cache: string, entry: string, tool: string, source: Source, report: Report): Promise<boolean> {
    mkdirSync(join(cache, "logs"), { recursive: true });
    const folder = join(cache, entry);
    const waiting = ({ pid, purpose }: { pid: number; purpose: string }) =>
        report({ tool, state: "waiting", for: `process ${pid}, which makes ${purpose}` });
    return withLock(join(cache, "making.lock"), tool, waiting, async () => {
        if (receiptOf(folder)) return false;
        for (const left of readdirSync(cache)) {
            if (left.startsWith(`${entry}.part-`)) rmSync(join(cache, left), { recursive: true, force: true });
        }
        const part = `${folder}.part-${process.pid}`;
        mkdirSync(part);
        const log = logFile(cache, entry);
        writeFileSync(log, "");
        try {
            const seconds = await timed(tool, source, report, () => source.make(part, log));
            const receipt: Receipt = { label: source.label, version: source.version, seconds };
            writeFileSync(join(part, receiptFile), JSON.stringify(receipt));
            rmSync(folder, { recursive: true, force: true });
            renameSync(part, folder);
        } finally {
            rmSync(part, { recursive: true, force: true });
        }
        return true;
    });
}

const receiptFile = "receipt.json";

async function timed(tool: string, source: Source, report: Report, action: () => Promise<void>): Promise<number> {
    const start = Date.now();
    const seconds = () => Math.round((Date.now() - start) / 1000);
    report({ tool, state: "started", label: source.label, version: source.version, expectedMinutes: source.expectedMinutes });
    const tick = setInterval(() => report({ tool, state: "running", seconds: seconds() }), 1000).unref();
    try {
        await action();
    } finally {
        clearInterval(tick);
    }
    report({ tool, state: "done", seconds: seconds() });
    return seconds();
}
