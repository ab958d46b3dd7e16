import { shortRef } from "../core/deployment/proposed";
import { list } from "../core/promotion/words";
import { OciRegistry } from "../core/registry/client";
import { carryOut } from "./fileChange";
import { OperationsCheckout } from "./operationsCheckout";
import { promoteTitle as title, readPromoteArguments } from "./promoteArguments";
import { wantedFile } from "./wantedPromotion";

/**
 * `oneflow promote <environment> <ref>`: shows what it would do, then makes the pull request that does it; with `--yes` it writes the
 * environment's file on the operations branch and deploys it, way back included.
 *
 * @returns 1 where the deployment failed, or `gh` did not open the pull request whose branch stands now
 * @throws Refusal with all reasons; nothing was changed then
 */
export async function main(argv: readonly string[]): Promise<number> {
    const options = readPromoteArguments(argv);
    const directory = process.cwd();
    const wanted = wantedFile(directory, options, title);
    const checkout = new OperationsCheckout(directory, wanted.settings.delivery.operations.branch, title);
    await checkout.requireClean(wanted.file);
    const { name } = wanted.environment;
    const short = shortRef(options.ref);
    const only = [...options.services].sort();
    return carryOut({
        ...{ directory, registry: new OciRegistry(), checkout, wanted, options, title },
        branch: ["promote", name, [short, ...only].join("-")],
        headline: `Promote ${only.length > 0 ? `${list(only)} of ` : ""}${short} to ${name}`,
    });
}
