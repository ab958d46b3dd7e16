import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a stack's state says. */
export interface StackState {
    resources: readonly StateResource[];
    /** URNs of resources that somebody began to change and nobody ended: the state does not know how they are. Sorted. */
    interrupted: readonly string[];
}

/** A resource as a stack's state keeps it. */
export interface StateResource {
    urn: string;
    type: string;
    custom: boolean;
    inputs?: Readonly<Record<string, unknown>>;
    parent?: string;
    /** URN and id of the provider, `<urn>::<id>`. */
    provider?: string;
    dependencies?: readonly string[];
    /** Why it did not come to life, where it did not. */
    initErrors?: readonly string[];
    /** Whether it was replaced, and waits to be deleted. */
    delete?: boolean;
}

/**
 * The state of a stack of the project in the directory, as Pulumi's own command gives it: whatever the backend is, and without its
 * lock, so that a program can read what it had before its own update.
 *
 * @throws Error where there is no such stack, or no `pulumi`
 */
export async function stackState(stack: string, directory: string): Promise<StackState> {
    return parseState(await exportedState(stack, directory));
}

/**
 * The text of {@link stackState}, secrets as they are kept. By a file: standard output may be a pipe that takes no more for now, and
 * Pulumi gives up there.
 *
 * @throws Error as {@link stackState}
 */
export async function exportedState(stack: string, directory: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "oneflow-state-"));
    try {
        const file = join(folder, "state.json");
        await pulumi(["stack", "export", "--stack", stack, "--file", file, "--non-interactive"], stack, directory);
        return await readFile(file, "utf8");
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

function pulumi(args: readonly string[], stack: string, directory: string): Promise<void> {
    return new Promise((resolve, reject) => {
        execFile("pulumi", args, { cwd: directory }, (error, _stdout, stderr) => {
            if (!error) return resolve();
            const cause = error.code === "ENOENT" ? "pulumi is not on the PATH" : stderr.trim() || error.message;
            reject(new Error(`the state of ${stack} cannot be read: pulumi stack export: ${cause}`));
        });
    });
}

/** Reads the text of `pulumi stack export`. */
export function parseState(text: string): StackState {
    const { deployment = {} } = JSON.parse(text) as { deployment?: Deployment };
    const { resources = [], pending_operations: pending = [] } = deployment;
    return { resources, interrupted: pending.map(({ resource }) => resource.urn).sort() };
}

/** What is read of a deployment of version 3. A stack that never ran has neither. */
interface Deployment {
    resources?: readonly StateResource[];
    pending_operations?: readonly { resource: StateResource; type: string }[];
}
