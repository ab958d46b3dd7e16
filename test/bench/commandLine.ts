import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../sandbox/toolchain/run";
import type { Installation } from "./programs";

/** Runs `kubectl` or `helm` on a namespace, as whom the kubeconfig says. */
export class CommandLine {
    private readonly environment: Record<string, string>;

    /** @param target the options by which the program finds its place */
    constructor(
        private readonly program: string,
        private readonly target: readonly string[],
        { root, variables }: Installation,
    ) {
        const home = join(root, "home");
        mkdirSync(home, { recursive: true });
        const { KUBECONFIG, PATH } = variables;
        // A deployer may read no Secret, where helm keeps its releases unless told.
        this.environment = { KUBECONFIG, PATH, HOME: home, HELM_DRIVER: "configmap" };
    }

    /** @returns seconds @throws CommandFailed */
    async run(...args: string[]): Promise<number> {
        const started = process.hrtime.bigint();
        await run(this.program, [...args, ...this.target], { env: this.environment });
        return Number(process.hrtime.bigint() - started) / 1e9;
    }
}
