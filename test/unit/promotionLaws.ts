import assert from "node:assert/strict";
import type { Override, Plan } from "../../core/promotion/model";
import { tierAddress } from "../../core/promotion/words";
import type { Problem } from "../../core/refusal";
import { canonicalJson, serviceOf, type ImageSet } from "../../core/release/lock";
import type { MemoryRegistry } from "./memoryRegistry";
import { isFrozen } from "./promotionCalendar";
import { beforeOf, type Chronicle, type Commit, contains } from "./promotionChronicle";
import { deploy } from "./promotionExamples";
import type { EnvironmentName } from "./promotionHappenings";

/** A deployment that was allowed and came to be healthy. */
export interface Deployment {
    to: EnvironmentName;
    plan: Plan;
    /** What somebody took upon themselves. */
    override: Override | undefined;
    /** What ran before it. */
    ran: ImageSet;
}

/** What has come to an environment is held to every law, which read what really happened and call no rule. */
export function holdToLaws(past: Chronicle, registry: MemoryRegistry, deployment: Deployment): void {
    lawOfIdentity(past, registry, deployment);
    if (deployment.plan.transitions.length > 0) {
        lawOfOrder(past, deployment);
        lawOfSoak(past, deployment);
        lawOfFreeze(past, deployment);
        lawOfReleases(past, deployment);
        lawOfSettings(past, deployment);
        lawOfReasons(deployment);
    }
}

/** What ran in an environment ran in the one before: as a set, or image by image where the set is mixed by pins, or is a hotfix. */
function lawOfOrder(past: Chronicle, { to, plan: { set, request }, override }: Deployment): void {
    const before = beforeOf[to];
    if (before === undefined || past.ranHere(to, set)) {
        return;
    }
    const ofHotfix = (name: string) => to === "stage" && past.hotfixAt(request, name) !== undefined;
    const mixed = Object.keys(request.pins).length > 0;
    const hotfixed = Object.keys(set).filter(ofHotfix);
    const proofs = [...past.healthy[before], ...(mixed || hotfixed.length > 0 ? past.healthy[to] : [])];
    const whole = past.healthy[before].some((other) => contains(other, set));
    const proven = Object.entries(set)
        .filter(([name]) => !ofHotfix(name))
        .every((image) => proofs.some((other) => contains(other, Object.fromEntries([image]))));
    if (whole || answered("order", override)) {
        return;
    }
    if (hotfixed.length === 0) {
        assert.ok(mixed && proven, `what runs in ${to} ran in ${before}`);
        return;
    }
    assert.ok(proven, `what runs in ${to} ran in ${before}, but for a hotfix`);
    const running = past.healthy[to].at(-1) ?? {};
    for (const name of hotfixed.filter((one) => running[one] !== set[one])) {
        const { sha, release } = past.hotfixAt(request, name)!;
        const mended = release === undefined ? undefined : past.tagged.get(release);
        const stands = mended !== undefined && past.ancestry(sha).includes(mended);
        const lawful = (past.house.hotfixes && stands) || answered("hotfix", override);
        assert.ok(lawful, `a hotfix comes to ${to} where it is taken and mends the release that it names`);
    }
}

/** What ran in the environment before did so for as long as was chosen, until the next run there was recorded. */
function lawOfSoak(past: Chronicle, { to, plan: { set, request }, override }: Deployment): void {
    const before = beforeOf[to];
    if (before === undefined || past.ranHere(to, set) || answered("soak", override) || answered("order", override)) {
        return;
    }
    const runs = past.recorded[before];
    const soaked = runs
        .filter(({ at }, index) => (runs[index + 1]?.at ?? past.seconds) - at >= past.house.soakMinutes * 60)
        .map((run) => run.set);
    const alone = Object.keys(request.pins).length > 0 || Object.keys(set).some((name) => past.hotfixAt(request, name));
    const here = past.healthy[to];
    const lawful =
        soaked.some((other) => contains(other, set)) ||
        (alone &&
            Object.entries(set)
                .filter(([name]) => to !== "stage" || !past.hotfixAt(request, name))
                .every((image) => [...soaked, ...here].some((other) => contains(other, Object.fromEntries([image])))));
    // A record that broke off before it was listed proves that a set ran, and not for how long.
    assert.ok(lawful || past.house.soakMinutes === 0, `what came to ${to} had soaked in ${before}`);
}

/** Nothing changes while an environment is frozen. */
function lawOfFreeze(past: Chronicle, { to, plan: { set }, override }: Deployment): void {
    const { frozen } = past.house;
    const closed = frozen?.environment === to && isFrozen(frozen.windows, past.seconds * 1000);
    const lawful = !closed || past.ranHere(to, set) || answered("freeze", override);
    assert.ok(lawful, `${to} was frozen at ${new Date(past.seconds * 1000).toISOString()}`);
}

function lawOfReleases(past: Chronicle, { to, plan: { set, request }, override }: Deployment): void {
    const { commit, release, pins } = request;
    if (release !== undefined) {
        // A shallow checkout has no tags that could say otherwise.
        const means = past.house.shallow ? past.releases : past.tagged;
        assert.equal(means.get(release), commit, `${release} means one commit`);
    }
    const needed = past.house.releases.includes(to) && !past.ranHere(to, set) && !answered("accepts", override);
    const ofHotfix = (sha: string) => to === "stage" && past.commitOf(sha)?.hotfix !== undefined;
    const released = release !== undefined && past.releases.get(release) === commit;
    const whole = Object.values(pins).every(ofHotfix);
    assert.ok(!needed || ((released || ofHotfix(commit)) && whole), `what came to ${to} was released`);
}

/** What is not on the branch that deployments run from runs with the settings that it was built with. */
function lawOfSettings(past: Chronicle, { to, plan: { request, transitions, set }, override }: Deployment): void {
    if (beforeOf[to] === undefined || past.ranHere(to, set) || answered("settings-differ", override)) {
        return;
    }
    const coming = transitions.flatMap(({ image, to: digest }) => (digest === undefined ? [] : [serviceOf(image)]));
    for (const service of new Set(coming)) {
        const sha = request.pins[service] ?? request.commit;
        const { images, replicas } = past.commitOf(sha)!;
        const entry = (names: readonly string[], scale: Commit["replicas"]) =>
            canonicalJson([names.filter((name) => serviceOf(name) === service), scale[service] ?? 1]);
        const same = entry(Object.keys(images), replicas) === entry(past.catalog, past.replicas);
        const lawful = same || past.ancestry(past.head()).includes(sha);
        assert.ok(lawful, `${service} came to ${to} with settings that are not its own, and that nobody merged`);
    }
}

/** Who answers for a rule says why. */
function lawOfReasons({ plan, override }: Deployment): void {
    const overridable = ["accepts", "settings-differ", "order", "hotfix", "soak", "freeze"];
    const lawful = !override || (override.reason.trim() !== "" && override.rules.every((name) => overridable.includes(name)));
    assert.ok(lawful, "an override names rules that somebody can answer for, and why");
    assert.ok(!plan.request.override || override, "nobody answers for what nobody was asked");
}

/** What was asked for is what runs, and each commit has one digest wherever its tag stands. */
function lawOfIdentity(past: Chronicle, registry: MemoryRegistry, { to, plan, ran }: Deployment): void {
    const { commit, release, pins } = plan.request;
    if ([commit, ...Object.values(pins)].some((sha) => past.meddled.has(sha))) {
        return;
    }
    for (const service of Object.keys(pins)) {
        assert.ok(past.catalog.includes(service), `${service} is pinned, so it is a service`);
    }
    const asked = past.catalog.flatMap((name) => {
        const sha = pins[serviceOf(name)] ?? commit;
        const found = past.commitOf(sha);
        assert.ok(found, `${sha} was never pushed, so it does not run in ${to}`);
        return found.images[serviceOf(name)] ? [[name, found.images[name]?.digest] as const] : [];
    });
    assert.deepEqual(past.running[to], Object.fromEntries(asked), `what runs in ${to} is what was asked for`);
    // What a failed rollout took away comes back as it was: it ran healthy here last.
    const last = past.recorded[to].at(-1)?.set ?? {};
    for (const [name, digest] of asked.filter(([image, meant]) => ran[image] !== meant && last[image] !== meant)) {
        const pin = pins[serviceOf(name)];
        const sha = pin ?? release ?? commit;
        // What goes back, alone or with what has left the catalog since, is pulled from where it ran: the tier before need not even answer.
        const back = past.ranHere(to, past.running[to]);
        const source = sha === release ? deploy : tierAddress(past.environments[beforeOf[to] ?? to]);
        for (const tier of [...(back ? [] : [source]), tierAddress(past.environments[to])]) {
            const meant = registry.meaning(`${tier}/${name}:${sha}`);
            assert.ok(meant === undefined || meant === digest, `${name} of ${sha} has one digest, in ${tier} too`);
        }
    }
}

/**
 * What ran here and was recorded may come back, whatever it is asked: only what it needs may be gone or meddled with.
 *
 * @param problems what was said against it
 */
export function lawOfReturn(
    past: Chronicle,
    to: EnvironmentName,
    request: { commit: string; pins: Plan["request"]["pins"] },
    problems: readonly Problem[],
): void {
    const asked = past.catalog.flatMap((name) => {
        const images = past.commitOf(request.pins[serviceOf(name)] ?? request.commit)?.images;
        return images?.[serviceOf(name)] ? [[name, images[name]?.digest] as const] : [];
    });
    const same = canonicalJson(Object.fromEntries(asked));
    // Without its locks nobody knows that it is what ran here.
    const known =
        [request.commit, ...Object.values(request.pins)].every((sha) => past.commitOf(sha) && !past.meddled.has(sha)) &&
        !problems.some(({ message }) => /has no lock|is not total|no release in deploy/.test(message));
    const ran = past.recorded[to].some(({ set }) => canonicalJson(set) === same);
    const barred = problems.filter(
        ({ subject, message }) => /^(soak|freeze)/.test(subject) || /never ran healthy|accepts releases,/.test(message),
    );
    assert.ok(!known || !ran || barred.length === 0, `what ran in ${to} may come back: ${barred[0]?.message}`);
}

/** Whether somebody took it upon themselves. */
function answered(rule: string, override: Override | undefined): boolean {
    return override?.rules.includes(rule) ?? false;
}
