import { appendFileSync } from "node:fs";
import type { Proposed } from "../core/deployment/proposed";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import { readDeployArguments } from "./deployArguments";
import { Deployment } from "./deployment";

/**
 * `oneflow deploy <environment>`: `pulumi up` of what its file says, `latest` resolved once. Where the rollout fails it deploys the
 * last healthy set again, proposes the revert, and ends red all the same.
 *
 * @returns 1 where the deployment failed, whatever came of the way back
 * @throws Refusal where it may not run, or failed before in the same words; nothing was changed then
 */
export async function main(argv: readonly string[]): Promise<number> {
    const options = readDeployArguments(argv);
    const directory = process.cwd();
    const settings = readSettings({ directory, stack: options.environment });
    if (settings.target.kind !== "environment") {
        const message = "is a platform stack, which runs no services";
        const remedy = `pulumi up -s ${options.environment}`;
        throw new Refusal("Nothing was deployed", [{ subject: options.environment, message, remedy }]);
    }
    const { output } = options;
    const propose = (revert: Proposed) => {
        if (output === undefined) return false;
        appendFileSync(output, `proposal=${JSON.stringify(revert)}\n`);
        return true;
    };
    return new Deployment(directory, settings, settings.target.environment, { ...options, propose }).run();
}
