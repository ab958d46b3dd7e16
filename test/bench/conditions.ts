import { cpus, release, totalmem, type } from "node:os";
import { run } from "../../sandbox/toolchain/run";
import { toolPath } from "../../sandbox/toolchain/toolchain";

/** What the figures were taken on. */
export interface Conditions {
    machine: string;
    /** Processes that wanted a core, averaged over a minute: before the bench began, and when it ended. */
    load: readonly number[];
    node: string;
    engine: string;
}

export async function conditions(load: readonly number[]): Promise<Conditions> {
    const [{ model }] = cpus();
    const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
    return {
        machine: `${cpus().length} × ${model.trim()}, ${memory}, ${type()} ${release()}`,
        load,
        node: process.version,
        engine: (await run(await toolPath("pulumi"), ["version"])).trim(),
    };
}
