import assert from "node:assert/strict";
import type { Plan } from "../../core/promotion/model";
import type { Problem } from "../../core/refusal";
import { lockRepository } from "../../core/release/addresses";
import { canonicalJson, serviceOf, setKey } from "../../core/release/lock";
import { answerable, brings, differences, isHotfix, reasons } from "./promotionForesight";
import { listed, short, type View, viewOf } from "./promotionView";
import type { Attempt, PromotionWorld, Verdict } from "./promotionWorld";

/** Holds what the rules said of an attempt to what had to be said: every reason, no other, and where there is none the whole plan. */
export function foreseen({ past, registry }: PromotionWorld, attempt: Attempt, { decision, said }: Verdict): void {
    const view = viewOf(past, registry, attempt);
    const expected = Object.entries(reasons).flatMap(([rule, find]) => find(view).map((reason) => ({ rule, ...reason })));
    const named = (all: readonly { rule: string; subject: string }[]) =>
        all.map(({ rule, subject }) => `${rule}: ${subject}`).sort();
    const heard = said.map(({ rule, problem }) => ({ rule, ...problem }));
    const who = `${attempt.to} asked for ${canonicalJson({ asked: attempt.asked, pins: attempt.pins })}`;
    const [lacks, has] = [without(named(expected), named(heard)), without(named(heard), named(expected))];
    assert.ok(lacks.length === 0, `not refused for ${lacks.join(", ")}: ${who}`);
    assert.ok(has.length === 0, `refused for ${has.join(", ")}, which is nothing against it: ${who}`);
    for (const { rule, subject, says = [], never = [] } of expected) {
        const texts = heard
            .filter((one) => one.rule === rule && one.subject === subject)
            .map(({ message, remedy }) => [message, ...(remedy === undefined ? [] : ["→", remedy])].join("\n"));
        const fits = texts.some((text) => says.every((part) => text.includes(part)) && !never.some((part) => text.includes(part)));
        assert.ok(fits, `${rule} says ${JSON.stringify(says)} and not ${JSON.stringify(never)}: ${texts.join("\n---\n")}`);
    }
    heard.forEach((problem) => soundWords(attempt, problem));

    const answered = (rule: string) => answerable.includes(rule) && (attempt.override?.rules.includes(rule) ?? false);
    const held = expected.filter(({ rule }) => !answered(rule));
    if ("problems" in decision) {
        assert.deepEqual(
            decision.problems.map(({ subject }) => subject).sort(),
            held.map(({ subject }) => subject).sort(),
            `refused for what nobody answers for: ${who}`,
        );
        assert.ok(held.length > 0, `refused, and nothing is against it: ${who}`);
        return;
    }
    assert.deepEqual(named(held), [], `allowed, and nobody answers for it: ${who}`);
    const overridden = Object.keys(reasons).filter((rule) => answered(rule) && expected.some((one) => one.rule === rule));
    const { notes, locks, ...plan } = decision.plan;
    const commits = Object.entries(locks).map(([sha, { source }]) => (source.commit === sha ? sha : "another's"));
    assert.deepEqual({ ...plan, locks: commits.sort() }, planOf(view, overridden), `what comes of it: ${who}`);
    const expectedNotes = notesOf(view, overridden);
    assert.equal(
        notes.length,
        expectedNotes.length,
        `${who}: notes ${JSON.stringify(notes)}, expected ${JSON.stringify(expectedNotes)}`,
    );
    const tells = (note: string, expectation: string) => expectation.split("%").every((part) => note.includes(part));
    notes.forEach((note, index) => assert.ok(tells(note, expectedNotes[index]), `${note}: expected ${expectedNotes[index]}`));
}

/** What is left of a list once each of the others is taken out of it, as often as it is there. */
function without(all: readonly string[], others: readonly string[]): string[] {
    return others.reduce(
        (left, other) => {
            const found = left.indexOf(other);
            return found < 0 ? left : [...left.slice(0, found), ...left.slice(found + 1)];
        },
        [...all],
    );
}

/** Words that no person should read, and commands that are none. */
function soundWords({ pins }: Attempt, { message, remedy }: Problem): void {
    const text = `${message}\n${remedy ?? "none"}`;
    assert.doesNotMatch(text, /undefined|\[object|NaN|Invalid/);
    assert.notEqual(remedy?.trim(), "", `a remedy is a command: ${text}`);
    const offered = /^Newest (?:commits|releases) that .*: (\S{6})/m.exec(message);
    const pinned = /pins\.\S+ (v\S+)/.exec(text)?.[1];
    assert.ok(pinned === undefined || Object.values(pins).includes(pinned), `nobody is told to pin a release: ${text}`);
    const instead = /has no lock|no release in deploy|not total|means one digest/.test(message);
    const offer = offered && new RegExp(`(config set|pins\\.).* ${offered[1]}|config rm --path 'pins`);
    assert.ok(!offer || !instead || offer.test(remedy ?? ""), `what is offered is what is to be typed: ${text}`);
}

/** The plan of an attempt that nothing is against, but for its notes; of locks their commits. */
function planOf(view: View, overridden: readonly string[]): Omit<Plan, "notes" | "locks"> & { locks: string[] } {
    const { past, to, asked, pins, release, planned, set, changes, current, direction, pending, override } = view;
    const made = release === undefined ? undefined : view.lockOf(release)!.sha;
    const leaving = changes.filter((one) => one.to === undefined).map(({ image }) => image);
    const comes = (image: string) => changes.some((one) => one.image === image);
    const releases = Object.fromEntries(
        Object.keys(planned).flatMap((image) => {
            const from = comes(image) ? planned[image].ref : current?.releases[image];
            return from?.startsWith("v") ? [[image, from]] : [];
        }),
    );
    return {
        environment: past.environments[to],
        request: {
            commit: made ?? asked,
            ...(release !== undefined && { release }),
            pins,
            ...(overridden.length > 0 && { override: { rules: overridden, reason: override!.reason.trim() } }),
        },
        direction,
        images: planned,
        set,
        key: setKey(set),
        transitions: changes,
        migrations: { due: [], done: [] },
        pending,
        ...(leaving.length > 0 && { removals: leaving }),
        ...(Object.keys(releases).length > 0 && { releases }),
        locks: locksOf(view, made),
        ...(current && { current: { request: current.request, set: setKey(current.set), at: iso(current.at) } }),
    };
}

/** Commits whose locks travel along: those that are named, and where it comes to be had there, that of the release. */
function locksOf({ past, registry, to, before, refs, release, changes }: View, made: string | undefined): string[] {
    const named = refs.flatMap(({ ref }) => (ref === release ? [] : [ref]));
    const tiers = [...(before ? [before] : []), to].map((name) => lockRepository(past.environments[name], "acme/shop"));
    const meant = tiers.map((repository) => registry.meaning(`${repository}:${made}`)).find(Boolean);
    const same = meant !== undefined && canonicalJson(past.said.get(meant)) === canonicalJson(past.said.get(release!));
    const along = made !== undefined && changes.length > 0 && same;
    return [...new Set([...named, ...(along ? [made] : [])])].sort();
}

/** What each note begins with, or tells. */
function notesOf(view: View, overridden: readonly string[]): string[] {
    const { to, asked, pins, past, refOf, pending, undeployed, changes, override } = view;
    const leaving = changes.filter((one) => one.to === undefined).map(({ image }) => image);
    const left = (image: string) =>
        past.catalog.includes(serviceOf(image))
            ? image === serviceOf(image)
                ? `${short(refOf(image))} does not have it`
                : `${serviceOf(image)} does not use it any more`
            : "services.yaml does not have it any more";
    return [
        ...(overridden.length > 0 ? [`Overridden: ${listed(overridden)}, because: ${override!.reason.trim()}`] : []),
        ...Object.entries(pins)
            .filter(([, ref]) => ref !== asked)
            .map(([service, ref]) => `${service} is pinned to ${short(ref)}, not ${short(asked)}`),
        ...proofs(view),
        ...differences(view).map(({ service, key, ref }) => `${service}: ${key} is % at ${short(ref)}`),
        ...pending
            .filter((service) => !leaving.includes(service))
            .map((service) => `${service} is pending: ${short(refOf(service))} has no image of it`),
        ...leaving.map((image) => `${image} leaves ${to}: ${left(image)}`),
        ...undeployed
            .filter((image) => !leaving.includes(image))
            .map((image) => `${image} is not deployed: ${short(refOf(image))} has it`),
    ];
}

/** What stands for it that this very set did not run in the environment before. */
function proofs(view: View): string[] {
    const { before, ranBefore, refs, planned, lockOf, undeployed, pins } = view;
    if (!before || !brings(view) || ranBefore.set) {
        return [];
    }
    if (ranBefore.whole) {
        return [`The set ran in ${before} together with ${listed(undeployed)}`];
    }
    const hotfixes = refs.filter(({ ref }) => isHotfix(view, ref) && Object.values(planned).some((image) => image.ref === ref));
    if (hotfixes.length > 0) {
        const of = (ref: string) => (lockOf(ref)!.hotfix!.release ? ` of ${lockOf(ref)!.hotfix!.release}` : "");
        return hotfixes.map(({ ref }) => `${short(ref)} is a hotfix${of(ref)}: it did not run in ${before}`);
    }
    return Object.keys(pins).length > 0 ? [`The set is mixed by pins: it never ran in ${before} as a whole`] : [];
}

function iso(seconds: number): string {
    return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
