import { askedFor, refuseFailedBefore } from "../core/deployment/asked";
import type { Proposed } from "../core/deployment/proposed";
import { Refusal } from "../core/refusal";
import type { Registry } from "../core/registry/model";
import { openFailures } from "../core/release/failedRunStore";
import { Deployment } from "./deployment";
import type { OperationsCheckout } from "./operationsCheckout";
import { openPullRequest } from "./pullRequest";
import { freeLock } from "./unfinishedState";
import type { WantedFile } from "./wantedPromotion";

/** A changed file of an environment, on its way to the operations branch. */
export interface FileChange {
    checkout: OperationsCheckout;
    wanted: WantedFile;
    /** The pull request that makes it, whose title is that of a commit too. */
    proposed: Proposed;
    /** Of refusals. */
    title: string;
}

/**
 * Makes the pull request.
 *
 * @returns 1 where nobody opened it, and its branch stands now
 * @throws Refusal where the branch says so already, or something else than this checkout
 */
export async function proposeChange({ checkout, wanted, proposed, title }: FileChange): Promise<number> {
    const { file, text } = proposed;
    const { environment, settings, before } = wanted;
    const onBranch = await checkout.textOnBranch(file);
    if (onBranch === text) {
        const message = `says so on ${checkout.branch} already`;
        const remedy = `the deploy workflow deploys it, or: oneflow deploy ${environment.name}`;
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
export async function deployChange(
    { checkout, wanted, proposed }: FileChange,
    { registry, directory, retry, reason }: { registry: Registry; directory: string; retry: boolean; reason?: string },
): Promise<number> {
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
