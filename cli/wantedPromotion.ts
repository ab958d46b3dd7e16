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
import { stackFile } from "../core/settings/stackFile";
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
    const { settings, environment } = readEnvironment({ directory, stack: name }, title);
    const file = stackFile(name);
    const before = readFileSync(join(directory, file), "utf8");
    refuseUnknown(services, settings, title);
    const request = requestOf(environment, ref, services, title);
    if (!request) {
        return { settings, environment, file, before, text: before };
    }
    const standing = override && { for: askedText(request), ...override };
    const stays = !override && environment.override?.for === askedText(request);
    const changed = { ...request, ...(stays ? {} : { override: standing ?? null }) };
    return changedFile(directory, { settings, environment, file, before }, changed, title);
}

/** The file with another request, and the settings that it makes then. One that says the same in other words stays as it is. */
export function changedFile(
    directory: string,
    { settings, environment: { name }, file, before }: Omit<WantedFile, "text">,
    request: WantedRequest,
    title: string,
): WantedFile {
    const text = withRequest(before, settings.project, request);
    const read = readEnvironment({ directory, stack: name, stackText: text }, title);
    const same = JSON.stringify(read.settings) === JSON.stringify(settings);
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
            { subject: name, message, remedy: `oneflow diff ${name} <full sha or release>` },
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
        throw new Refusal(title, [{ subject: name, message, remedy: `oneflow promote ${name} ${ref}` }]);
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
 * @param message what it says of a platform's stack
 * @throws Refusal where it is one
 */
export function readEnvironment(
    read: { directory: string; stack: string; stackText?: string },
    title: string,
    message = "is a platform stack: nothing is promoted to it",
): { settings: Settings; environment: Environment } {
    const settings = readSettings(read);
    const { target } = settings;
    if (target.kind !== "environment") {
        throw new Refusal(title, [{ subject: read.stack, message, remedy: `pulumi up -s ${read.stack}` }]);
    }
    return { settings, environment: target.environment };
}
