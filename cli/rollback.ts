import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shortRef, textHash, type Proposed } from "../core/deployment/proposed";
import { unconfirmedRemovals } from "../core/deployment/removals";
import { describeDiff, markdownDiff } from "../core/diff/describeDiff";
import type { PromotionDiff } from "../core/diff/model";
import { requireContexts } from "../core/facts/kubeconfig";
import { resolveLatest } from "../core/facts/latest";
import { refusal } from "../core/promotion/decide";
import { askedText } from "../core/promotion/standingOverride";
import { askedRef, list, shortCommit } from "../core/promotion/words";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import type { Registry } from "../core/registry/model";
import { openFailures } from "../core/release/failedRunStore";
import { asksForRun, describeRuns } from "../core/rollback/runs";
import { rollbackRequest, type RollbackRequest } from "../core/rollback/request";
import { findRun, type HealthyRun, newestRuns } from "../core/rollback/target";
import { readSettings } from "../core/settings/load";
import type { Environment, Settings } from "../core/settings/model";
import { stackFile } from "../core/settings/stackFile";
import { withRequest } from "../core/settings/stackText";
import { deployChange, proposeChange } from "./fileChange";
import { OperationsCheckout } from "./operationsCheckout";
import { readRollbackArguments, type RollbackArguments, rollbackTitle } from "./rollbackArguments";
import { judgeFile, type WantedFile } from "./wantedPromotion";

/**
 * `oneflow rollback <environment>`: shows what goes back, then makes the pull request that does it; with `--yes` it writes the
 * environment's file on the operations branch and deploys it. The file is what goes back, so nothing moves forward again by itself.
 *
 * @returns 1 where the deployment failed, or nobody opened the pull request whose branch stands now
 * @throws Refusal with all reasons; nothing was changed then
 */
export async function main(argv: readonly string[]): Promise<number> {
    const options = readRollbackArguments(argv);
    const directory = process.cwd();
    const registry = new OciRegistry();
    const { settings, environment } = asEnvironment(readSettings({ directory, stack: options.environment }), options.environment);
    if (options.list) {
        console.log(describeRuns(environment.name, await newestRuns(registry, environment, listed)));
        return 0;
    }
    const { target, request } = await goingBack(registry, settings, environment, options);
    const wanted = rolledBackFile(directory, settings, environment, request, options);
    const checkout = new OperationsCheckout(directory, settings.delivery.operations.branch, rollbackTitle);
    await checkout.requireClean(wanted.file);

    console.log([headline(environment, target, options), ...request.notes.map((note) => `  ${note}`)].join("\n"));
    const { diff, plan } = await judgeFile(wanted, { registry, directory });
    console.log(`${describeDiff({ ...diff, refusals: [] })}\n`);
    const problems = [
        ...diff.refusals,
        ...(options.yes ? requireContexts(environment, process.env) : []),
        ...(options.yes && plan ? unconfirmedRemovals(environment.name, plan.removals ?? [], options.removes) : []),
    ];
    if (problems.length > 0) throw refusal(environment, problems);

    const proposed = proposal(wanted, target, request, options, diff);
    const change = { checkout, wanted, proposed, title: rollbackTitle };
    return options.yes ? deployChange(change, { ...options, registry, directory }) : proposeChange(change);
}

/** How many runs are listed. */
const listed = 10;

async function goingBack(
    registry: Registry,
    { catalog }: Settings,
    environment: Environment,
    { to, services, config }: RollbackArguments,
): Promise<{ target: HealthyRun; request: RollbackRequest }> {
    const [current] = await newestRuns(registry, environment, 1);
    const latest = environment.commit === "latest" ? await resolveLatest(registry, environment, catalog) : environment.commit;
    const asksForIt = current !== undefined && asksForRun({ ...environment, commit: latest }, current.run);
    const unproven = !asksForIt || (await openFailures(registry, environment)).length > 0;
    const target = await findRun(registry, environment, { to, services, unproven });
    return { target, request: rollbackRequest(target, environment, catalog, current.run, { services, config }) };
}

function rolledBackFile(
    directory: string,
    settings: Settings,
    environment: Environment,
    { notes: _notes, ...request }: RollbackRequest,
    { override }: RollbackArguments,
): WantedFile {
    const { name } = environment;
    const file = stackFile(name);
    const before = readFileSync(join(directory, file), "utf8");
    const standing = override ? { for: askedText(request), ...override } : null;
    const text = withRequest(before, settings.project, { ...request, override: standing });
    const read = readSettings({ directory, stack: name, stackText: text });
    // A file that says the same in other words stays as it is.
    const same = JSON.stringify(read) === JSON.stringify(settings);
    return { ...asEnvironment(read, name), file, before, text: same ? before : text };
}

function headline({ name }: Environment, { tag, run }: HealthyRun, { services }: RollbackArguments): string {
    const what = services.length > 0 ? `${list(services)} of ${name}` : name;
    return `${what} back to ${shortCommit(askedRef(run.request))}, healthy at ${run.at} (${tag}, by ${run.by})`;
}

function proposal(
    { environment: { name }, file, text, before }: WantedFile,
    { tag, run }: HealthyRun,
    { notes }: RollbackRequest,
    { services, reason }: RollbackArguments,
    diff: PromotionDiff,
): Proposed {
    const short = shortRef(askedRef(run.request));
    const only = services.length > 0 ? [...services].sort() : undefined;
    return {
        branch: ["rollback", name, [tag, ...(only ?? [])].join("-")].join("/"),
        title: `Roll ${only ? `${list(only)} of ` : ""}${name} back to ${short}`,
        body: [...(reason ? [reason] : []), ...notes, markdownDiff(diff), "Merging this deploys it."].join("\n\n"),
        file,
        text,
        was: textHash(before),
    };
}

function asEnvironment(settings: Settings, name: string): { settings: Settings; environment: Environment } {
    const { target } = settings;
    if (target.kind !== "environment") {
        const message = "is a platform stack: it runs no services that could go back";
        throw new Refusal(rollbackTitle, [{ subject: name, message, remedy: `pulumi up -s ${name}` }]);
    }
    return { settings, environment: target.environment };
}
