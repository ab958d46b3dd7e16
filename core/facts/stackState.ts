import { execFile } from "node:child_process";

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
export function stackState(stack: string, directory: string): Promise<StackState> {
    return new Promise((resolve, reject) => {
        const args = ["stack", "export", "--stack", stack, "--non-interactive"];
        execFile("pulumi", args, { cwd: directory, maxBuffer: 2 ** 30 }, (error, stdout, stderr) => {
            if (error) {
                const cause = error.code === "ENOENT" ? "pulumi is not on the PATH" : stderr.trim() || error.message;
                reject(new Error(`the state of ${stack} cannot be read: pulumi stack export: ${cause}`));
                return;
            }
            resolve(parseState(stdout));
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
