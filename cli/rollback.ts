import { shortRef } from "../core/deployment/proposed";
import { resolveLatest } from "../core/facts/latest";
import { askedText } from "../core/promotion/standingOverride";
import { askedRef, list, shortCommit } from "../core/promotion/words";
import { OciRegistry } from "../core/registry/client";
import type { Registry } from "../core/registry/model";
import { openFailures } from "../core/release/failedRunStore";
import { asksForRun, describeRuns } from "../core/rollback/runs";
import { rollbackRequest, type RollbackRequest } from "../core/rollback/request";
import { findRun, type HealthyRun, newestRuns } from "../core/rollback/target";
import type { Environment, Settings } from "../core/settings/model";
import { carryOut } from "./fileChange";
import { OperationsCheckout } from "./operationsCheckout";
import { readRollbackArguments, type RollbackArguments, rollbackTitle as title } from "./rollbackArguments";
import { changedFile, readEnvironment, type WantedFile } from "./wantedPromotion";

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
    const { settings, environment } = readEnvironment({ directory, stack: options.environment }, title, unfit);
    if (options.list) {
        console.log(describeRuns(environment.name, await newestRuns(registry, environment, listed)));
        return 0;
    }
    const { target, request } = await goingBack(registry, settings, environment, options);
    const wanted = rolledBackFile(directory, settings, environment, request, options);
    const checkout = new OperationsCheckout(directory, settings.delivery.operations.branch, title);
    await checkout.requireClean(wanted.file);

    console.log([headline(environment, target, options), ...request.notes.map((note) => `  ${note}`)].join("\n"));
    const only = [...options.services].sort();
    const { name } = environment;
    return carryOut({
        ...{ directory, registry, checkout, wanted, options, title },
        branch: ["rollback", name, [target.tag, ...only].join("-")],
        headline: `Roll ${only.length > 0 ? `${list(only)} of ` : ""}${name} back to ${shortRef(askedRef(target.run.request))}`,
        notes: request.notes,
    });
}

const unfit = "is a platform stack: it runs no services that could go back";

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
    const standing = override ? { for: askedText(request), ...override } : null;
    const place = { project: settings.project, stack: environment.name, now: settings };
    return changedFile(directory, place, { ...request, override: standing }, title);
}

function headline({ name }: Environment, { tag, run }: HealthyRun, { services }: RollbackArguments): string {
    const what = services.length > 0 ? `${list(services)} of ${name}` : name;
    return `${what} back to ${shortCommit(askedRef(run.request))}, healthy at ${run.at} (${tag}, by ${run.by})`;
}
