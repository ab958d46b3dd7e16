import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PromotionDiff } from "../core/diff/model";
import { pathRanges, readPathHistory } from "../core/diff/pathHistory";
import { promotionDiff, unrefusedPlan } from "../core/diff/promotionDiff";
import { judgePromotion } from "../core/facts/planPromotion";
import { resolveLatest } from "../core/facts/latest";
import type { Override, Plan } from "../core/promotion/model";
import { askedText } from "../core/promotion/standingOverride";
import { Refusal } from "../core/refusal";
import type { Registry } from "../core/registry/model";
import { readSettings } from "../core/settings/load";
import type { Environment, Settings } from "../core/settings/model";
import { readProject, stackFile, stacksIn } from "../core/settings/stackFile";
import { type WantedRequest, withRequest } from "../core/settings/stackText";
import { orKnown } from "../core/settings/suggest";

/** What somebody wants an environment to run. */
export interface Wanted {
    environment: string;
    /** A full commit SHA, `vX.Y.Z` or `latest`. @default - what the environment's file asks for */
    ref?: string;
    /** Services that alone are to run it. Empty: all of the environment. */
    services: readonly string[];
    /** @default - none: one that the file has for another promotion goes */
    override?: Override;
}

/** An environment's file that asks for what is wanted, and the settings that it makes. Nothing is written. */
export interface WantedFile {
    settings: Settings;
    environment: Environment;
    file: string;
    /** What the file says now. */
    before: string;
    text: string;
}

/**
 * @param title of the refusal
 * @throws Refusal where the file cannot ask for it
 */
export function wantedFile(directory: string, wanted: Wanted, title: string): WantedFile {
    const { environment: name, ref, services, override } = wanted;
    const { settings, environment, now } = standing(directory, name, services.length === 0 ? ref : undefined, title);
    const file = stackFile(name);
    const before = readFileSync(join(directory, file), "utf8");
    refuseUnknown(services, settings, title);
    const request = requestOf(environment, ref, services, title);
    if (!request) {
        return { settings, environment, file, before, text: before };
    }
    const asked = override && { for: askedText(request), ...override };
    const stays = !override && environment.override?.for === askedText(request);
    const changed = { ...request, ...(stays ? {} : { override: asked ?? null }) };
    return changedFile(directory, { project: settings.project, stack: name, now }, changed, title);
}

/**
 * The settings of an environment's file, `now` among them where it is read as it stands. One that may not ask for what it asks for,
 * say because services moved to repositories of their own, is read as if what takes that place stood there.
 */
function standing(
    directory: string,
    stack: string,
    replacement: string | undefined,
    title: string,
): { settings: Settings; environment: Environment; now?: Settings } {
    let now: Settings;
    try {
        now = readSettings({ directory, stack });
    } catch (error) {
        const project = readProject(directory, [])?.name;
        if (replacement === undefined || project === undefined || !stacksIn(directory).includes(stack)) throw error;
        const before = readFileSync(join(directory, stackFile(stack)), "utf8");
        return readEnvironment({ directory, stack, stackText: withRequest(before, project, { commit: replacement }) }, title);
    }
    return { ...environmentOf(now, stack, title), now };
}

/**
 * The file with another request, and the settings that it makes then. One that says the same in other words stays as it is.
 *
 * @param place what the file makes now: `now`, where it can be read as it is
 */
export function changedFile(
    directory: string,
    { project, stack, now }: { project: string; stack: string; now?: Settings },
    request: WantedRequest,
    title: string,
): WantedFile {
    const file = stackFile(stack);
    const before = readFileSync(join(directory, file), "utf8");
    const text = withRequest(before, project, request);
    const read = readEnvironment({ directory, stack, stackText: text }, title);
    const same = JSON.stringify(read.settings) === JSON.stringify(now);
    return { ...read, file, before, text: same ? before : text };
}

/** What a file that asks for it would do, as its own `up` would judge it. */
export async function judgeFile(
    { settings, environment }: WantedFile,
    { registry, directory }: { registry: Registry; directory: string },
): Promise<{ diff: PromotionDiff; plan: Plan | undefined }> {
    const { commit = "", name } = environment;
    const resolved = commit === "latest" ? await resolveLatest(registry, environment, settings.catalog) : commit;
    if (!resolved) {
        const message =
            commit === "latest"
                ? `${environment.tier} has no latest lock: nothing was built yet, so there is nothing to promote.`
                : "asks for nothing yet: its commit is not set.";
        throw new Refusal("There is nothing to compare", [
            { subject: name, message, remedy: `npx oneflow diff ${name} <full sha or release>` },
        ]);
    }
    const judgement = await judgePromotion(settings, environment, resolved, { registry, directory });
    const plan = unrefusedPlan(judgement);
    const ranges = plan ? pathRanges(plan, judgement.facts.current, settings.catalog) : [];
    const { repository } = settings.delivery.operations;
    const histories = await Promise.all(
        ranges.map(async (range) => [range.image, await readPathHistory(directory, repository, range)] as const),
    );
    return { diff: promotionDiff(settings.project, judgement, plan, Object.fromEntries(histories)), plan };
}

/** Nothing: what the file asks for is wanted. */
function requestOf(
    { name, commit, pins }: Environment,
    ref: string | undefined,
    services: readonly string[],
    title: string,
): { commit: string; pins: Environment["pins"] } | undefined {
    if (ref === undefined) {
        return undefined;
    }
    if (services.length === 0) {
        return { commit: ref, pins };
    }
    if (commit === undefined) {
        const message = `runs nothing as a whole yet, so ${services.join(", ")} cannot be the exception: its commit is not set.`;
        throw new Refusal(title, [{ subject: name, message, remedy: `npx oneflow promote ${name} ${ref}` }]);
    }
    // Where the environment is at that commit, the service goes with all others again.
    const others = Object.entries(pins).filter(([service]) => !services.includes(service));
    const own = ref === commit ? [] : services.map((service) => [service, ref]);
    return { commit, pins: Object.fromEntries([...others, ...own]) };
}

function refuseUnknown(services: readonly string[], { catalog }: Settings, title: string): void {
    const known = Object.keys(catalog.services);
    const unknown = services.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
        const about = (name: string) => ({
            subject: name,
            message: `is no service of services.yaml; ${orKnown(name, known, "services")}`,
        });
        throw new Refusal(title, unknown.map(about));
    }
}

/**
 * The settings of an environment's stack.
 *
 * @param title of the refusal
 * @param message what it says of a platform's stack @default that nothing is promoted to it
 * @throws Refusal where it is one
 */
export function readEnvironment(
    read: { directory: string; stack: string; stackText?: string },
    title: string,
    message?: string,
): { settings: Settings; environment: Environment } {
    return environmentOf(readSettings(read), read.stack, title, message);
}

function environmentOf(
    settings: Settings,
    stack: string,
    title: string,
    message = "is a platform stack: nothing is promoted to it",
): { settings: Settings; environment: Environment } {
    const { target } = settings;
    if (target.kind !== "environment") {
        throw new Refusal(title, [{ subject: stack, message, remedy: `pulumi up -s ${stack}` }]);
    }
    return { settings, environment: target.environment };
}
