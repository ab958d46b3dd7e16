import { askedFor, refuseFailedBefore } from "../core/deployment/asked";
import { type Proposed, shortRef, textHash } from "../core/deployment/proposed";
import { unconfirmedRemovals } from "../core/deployment/removals";
import { describeDiff, markdownDiff } from "../core/diff/describeDiff";
import type { PromotionDiff } from "../core/diff/model";
import { requireContexts } from "../core/facts/kubeconfig";
import { refusal } from "../core/promotion/decide";
import { list } from "../core/promotion/words";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { openFailures } from "../core/release/failedRunStore";
import { Deployment } from "./deployment";
import { OperationsCheckout } from "./operationsCheckout";
import { type PromoteArguments, promoteTitle, readPromoteArguments } from "./promoteArguments";
import { openPullRequest } from "./pullRequest";
import { freeLock } from "./unfinishedState";
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
    const { branch, repository } = settings.delivery.operations;
    const checkout = new OperationsCheckout(directory, branch, promoteTitle);
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
    if (!options.yes) return propose(checkout, repository, proposed, wanted.before);

    const asked = askedFor(environment, settings.catalog);
    if (!options.retry) refuseFailedBefore(environment, asked, await openFailures(registry, environment));
    await checkout.requireBranch(file, wanted.text);
    if ((await checkout.textOnBranch(file)) === wanted.text) {
        await checkout.takeBranch();
    } else {
        const message = [proposed.title, ...(options.reason ? [options.reason] : [])].join("\n\n");
        await checkout.commitToBranch({ file, text: wanted.text, message });
        console.error(`${branch} of origin says so now: ${proposed.title}.`);
    }
    return new Deployment(directory, settings, environment, {
        retry: options.retry,
        lockTimeout: 600_000,
        variables: options.reason === undefined ? {} : { ONEFLOW_REASON: options.reason },
        freeLock: (holders) => freeLock(directory, environment.name, holders),
        propose: (revert) => openPullRequest(checkout, repository, revert),
    }).run();
}

async function propose(checkout: OperationsCheckout, repository: string, proposed: Proposed, before: string): Promise<number> {
    const { file, text } = proposed;
    const onBranch = await checkout.textOnBranch(file);
    if (onBranch === text) {
        const message = `says so on ${checkout.branch} already`;
        const remedy = `the deploy workflow deploys it, or: ${["oneflow", "deploy", file.split(".")[1]].join(" ")}`;
        throw new Refusal(promoteTitle, [{ subject: file, message, remedy }]);
    }
    if (onBranch !== before) {
        const message = `says something else on ${checkout.branch} of origin than here`;
        throw new Refusal(promoteTitle, [{ subject: file, message, remedy: "git pull --ff-only" }]);
    }
    return (await openPullRequest(checkout, repository, proposed)) ? 0 : 1;
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
