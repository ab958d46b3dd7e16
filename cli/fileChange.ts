import { askedFor, refuseFailedBefore } from "../core/deployment/asked";
import { type Proposed, textHash } from "../core/deployment/proposed";
import { unconfirmedRemovals } from "../core/deployment/removals";
import { describeDiff, markdownDiff } from "../core/diff/describeDiff";
import type { PromotionDiff } from "../core/diff/model";
import { requireContexts } from "../core/facts/kubeconfig";
import { refusal } from "../core/promotion/decide";
import { Refusal } from "../core/refusal";
import type { Registry } from "../core/registry/model";
import { openFailures } from "../core/release/failedRunStore";
import type { ChangeArguments } from "./changeArguments";
import { Deployment } from "./deployment";
import type { OperationsCheckout } from "./operationsCheckout";
import { openPullRequest } from "./pullRequest";
import { freeLock } from "./unfinishedState";
import { judgeFile, type WantedFile } from "./wantedPromotion";

/** What a command makes of an environment's file. */
export interface Change {
    directory: string;
    registry: Registry;
    checkout: OperationsCheckout;
    wanted: WantedFile;
    options: Pick<ChangeArguments, "reason" | "yes" | "removes" | "retry">;
    /** Name of the pull request's branch, in parts. */
    branch: readonly string[];
    /** Of the pull request, and of a commit. */
    headline: string;
    /** What the pull request says besides the reason and what would change. @default - nothing */
    notes?: readonly string[];
    /** Of refusals. */
    title: string;
}

/**
 * Shows what a changed file would do, then makes the pull request, or with `--yes` writes it on the operations branch and deploys it.
 *
 * @returns 1 where the deployment failed, or nobody opened the pull request whose branch stands now
 * @throws Refusal with all reasons; nothing was changed then
 */
export async function carryOut(change: Change): Promise<number> {
    const { wanted, options } = change;
    const { environment } = wanted;
    const { diff, plan } = await judgeFile(wanted, change);
    console.log(`${describeDiff({ ...diff, refusals: [] })}\n`);
    const problems = [
        ...diff.refusals,
        ...(options.yes ? requireContexts(environment, process.env) : []),
        ...(options.yes && plan ? unconfirmedRemovals(environment.name, plan.removals ?? [], options.removes) : []),
    ];
    if (problems.length > 0) throw refusal(environment, problems);
    const proposed = proposal(change, diff);
    return options.yes ? deployChange(change, proposed) : proposeChange(change, proposed);
}

function proposal({ wanted, options: { reason }, branch, headline, notes = [] }: Change, diff: PromotionDiff): Proposed {
    return {
        branch: branch.join("/"),
        title: headline,
        body: [...(reason ? [reason] : []), ...notes, markdownDiff(diff), "Merging this deploys it."].join("\n\n"),
        file: wanted.file,
        text: wanted.text,
        was: textHash(wanted.before),
    };
}

/**
 * Makes the pull request.
 *
 * @returns 1 where nobody opened it, and its branch stands now
 * @throws Refusal where the branch says so already, or something else than this checkout
 */
async function proposeChange({ checkout, wanted, title }: Change, proposed: Proposed): Promise<number> {
    const { file, text } = proposed;
    const { environment, settings, before } = wanted;
    const onBranch = await checkout.textOnBranch(file);
    if (onBranch === text) {
        const message = `says so on ${checkout.branch} already`;
        const remedy = `the deploy workflow deploys it, or: npx oneflow deploy ${environment.name}`;
        throw new Refusal(title, [{ subject: file, message, remedy }]);
    }
    if (onBranch !== before) {
        const message = `says something else on ${checkout.branch} of origin than here`;
        throw new Refusal(title, [{ subject: file, message, remedy: "git pull --ff-only" }]);
    }
    return (await openPullRequest(checkout, settings.delivery.operations.repository, proposed)) ? 0 : 1;
}

/**
 * Writes the file on the operations branch and deploys it, way back included.
 *
 * @returns 1 where the deployment failed
 * @throws Refusal where it may not be written, or failed before in the same words
 */
async function deployChange({ checkout, wanted, options, registry, directory }: Change, proposed: Proposed): Promise<number> {
    const { retry, reason } = options;
    const { settings, environment, file, text } = wanted;
    const asked = askedFor(environment, settings.catalog);
    if (!retry) refuseFailedBefore(environment, asked, await openFailures(registry, environment));
    await checkout.requireBranch(file, text);
    if ((await checkout.textOnBranch(file)) === text) {
        await checkout.takeBranch();
    } else {
        const message = [proposed.title, ...(reason ? [reason] : [])].join("\n\n");
        await checkout.commitToBranch({ file, text, message });
        console.error(`${checkout.branch} of origin says so now: ${proposed.title}.`);
    }
    return new Deployment(directory, settings, environment, {
        retry,
        lockTimeout: 600_000,
        variables: reason === undefined ? {} : { ONEFLOW_REASON: reason },
        freeLock: (holders) => freeLock(directory, environment.name, holders),
        propose: (revert) => openPullRequest(checkout, settings.delivery.operations.repository, revert),
    }).run();
}
