import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adoptCreates, type ExportedState, pendingChanges, pendingCreates } from "../core/deployment/pendingCreates";
import { exportedState } from "../core/facts/stackState";
import { describeHolders, lockHolders, type LockHolder } from "../core/deployment/stateLock";

/**
 * Brings the state of a stack in agreement with its clusters, where an engine was killed while it made or changed something: what it
 * had begun is looked up, and stands in the state as it is there. Where nothing was begun, nothing happens.
 *
 * @returns who holds the state, where somebody does: then what is begun may be on its way, and nothing was done
 */
export async function finishState(directory: string, stack: string): Promise<readonly LockHolder[] | undefined> {
    const pulumi = (...args: string[]) => runPulumi(directory, [...args, "--stack", stack]);
    const exported = async () => JSON.parse(await exportedState(stack, directory)) as ExportedState;
    const before = await exported();
    const [found, changes] = [pendingCreates(before), pendingChanges(before)];
    const begun = found.length + changes.length;
    if (begun === 0) return undefined;

    // What an engine is making just now stands there too. It holds the lock: who gets it finds only what was left behind.
    const root = [...found, ...changes][0].split("::").slice(0, 2).join("::");
    const free = await pulumi("refresh", "--yes", "--skip-preview", "--skip-pending-creates", "--target", stackUrn(root));
    const holders = lockHolders(free.stderr);
    if (holders) return holders;
    required(free, "refresh");

    const { state, adopted } = adoptCreates(await exported(), found);
    console.error(`An engine that was killed left ${begun} begun in the state of ${stack}: looking for what came of it.`);
    const folder = mkdtempSync(join(tmpdir(), "oneflow-state-"));
    try {
        const file = join(folder, "state.json");
        writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
        const imported = await pulumi("stack", "import", "--file", file);
        const taken = lockHolders(imported.stderr);
        if (taken) return taken;
        required(imported, "stack import");
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
    const unknown = [...adopted, ...changes];
    if (unknown.length > 0) {
        const refreshed = await pulumi("refresh", "--yes", "--skip-preview", ...unknown.flatMap((urn) => ["--target", urn]));
        const again = lockHolders(refreshed.stderr);
        if (again) return again;
        required(refreshed, "refresh");
    }
    return undefined;
}

/** Takes away the lock of a process that is gone, and says so. */
export async function freeLock(directory: string, stack: string, holders: readonly LockHolder[]): Promise<void> {
    console.error(
        `The state of ${stack} is locked by a process of this machine that is gone: ${describeHolders(holders).join(", ")}.`,
    );
    console.error(`Taking that lock away: pulumi cancel -s ${stack}`);
    required(await runPulumi(directory, ["cancel", "--yes", "--stack", stack]), "cancel");
}

interface Ended {
    command: string;
    code: number;
    stderr: string;
}

function runPulumi(cwd: string, args: readonly string[]): Promise<Ended> {
    return new Promise((resolve) =>
        execFile("pulumi", [...args, "--non-interactive"], { cwd, maxBuffer: 2 ** 28 }, (error, _stdout, stderr) =>
            resolve({
                command: args.join(" "),
                code: error ? Number(error.code) || 1 : 0,
                stderr: stderr || (error?.message ?? ""),
            }),
        ),
    );
}

/** @throws Error in Pulumi's own words */
function required(ended: Ended, what: string): Ended {
    if (ended.code !== 0) throw new Error(`pulumi ${what} failed, nothing was deployed:\n${ended.stderr.trim()}`);
    return ended;
}

function stackUrn(prefix: string): string {
    const [, , stack, project] = prefix.replace("::", ":").split(":");
    return `${prefix}::pulumi:pulumi:Stack::${project}-${stack}`;
}
