import { type Proposed, shortRef, textHash } from "../core/deployment/proposed";
import { unconfirmedRemovals } from "../core/deployment/removals";
import { describeDiff, markdownDiff } from "../core/diff/describeDiff";
import type { PromotionDiff } from "../core/diff/model";
import { requireContexts } from "../core/facts/kubeconfig";
import { refusal } from "../core/promotion/decide";
import { list } from "../core/promotion/words";
import { OciRegistry } from "../core/registry/client";
import { deployChange, proposeChange } from "./fileChange";
import { OperationsCheckout } from "./operationsCheckout";
import { type PromoteArguments, promoteTitle, readPromoteArguments } from "./promoteArguments";
import { judgeFile, type WantedFile, wantedFile } from "./wantedPromotion";

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
    const registry = new OciRegistry();
    const wanted = wantedFile(directory, options, promoteTitle);
    const { settings, environment, file } = wanted;
    const checkout = new OperationsCheckout(directory, settings.delivery.operations.branch, promoteTitle);
    await checkout.requireClean(file);

    const { diff, plan } = await judgeFile(wanted, { registry, directory });
    console.log(`${describeDiff({ ...diff, refusals: [] })}\n`);
    const problems = [
        ...diff.refusals,
        ...(options.yes ? requireContexts(environment, process.env) : []),
        ...(options.yes && plan ? unconfirmedRemovals(environment.name, plan.removals ?? [], options.removes) : []),
    ];
    if (problems.length > 0) throw refusal(environment, problems);

    const proposed = proposal(wanted, options, diff);
    const change = { checkout, wanted, proposed, title: promoteTitle };
    return options.yes ? deployChange(change, { ...options, registry, directory }) : proposeChange(change);
}

function proposal(
    { environment: { name }, file, text, before }: WantedFile,
    options: PromoteArguments,
    diff: PromotionDiff,
): Proposed {
    const { ref, services, reason } = options;
    const short = shortRef(ref);
    const only = services.length > 0 ? [...services].sort() : undefined;
    return {
        branch: ["promote", name, [short, ...(only ?? [])].join("-")].join("/"),
        title: `Promote ${only ? `${list(only)} of ` : ""}${short} to ${name}`,
        body: [...(reason ? [reason] : []), markdownDiff(diff), "Merging this deploys it."].join("\n\n"),
        file,
        text,
        was: textHash(before),
    };
}
