import { serviceOf } from "../release/lock";
import type { Catalog, Environment } from "../settings/model";
import type { Plan, Transition } from "./model";
import { askedRef, list, promoteCommand, requestCommands, shortCommit, shortDigest } from "./words";

/** A plan in words, for the preview and the log: where it goes, what changes, what a reader should know. */
export function describePlan(plan: Plan): string {
    const width = Math.max(0, ...plan.transitions.map(({ image }) => image.length));
    const stay = Object.keys(plan.images).length - plan.transitions.filter(({ to }) => to !== undefined).length;
    return [
        headline(plan),
        ...plan.transitions.map((transition) => `  ${transition.image.padEnd(width)}  ${change(plan, transition)}`),
        ...(plan.transitions.length > 0 && stay > 0 ? [`  ${stay} other ${stay === 1 ? "image stays" : "images stay"}`] : []),
        ...plan.notes.map((note) => `  ${note}`),
    ].join("\n");
}

/** What is said where nothing is deployed: no commit is asked for, or `latest` before the first build. */
export function describeNothing({ name, tier, commit }: Pick<Environment, "name" | "tier" | "commit">, catalog: Catalog): string {
    return commit === undefined
        ? `Nothing is deployed to ${name}: its commit is not set.\n  → ${promoteCommand(name, "<full commit SHA>")}`
        : `Nothing is deployed to ${name} yet: ${tier} has no ${commit} lock, so nothing was built so far.\n` +
              `  pending: ${list(Object.keys(catalog.services).sort())}`;
}

/** What is said where nothing but services of the working copy is deployed: no commit is asked for, or `latest` before the first build. */
export function describeLocal({ environment: { name, tier, commit }, pending, notes }: Plan): string {
    const cause = commit === undefined ? "its commit is not set" : `${tier} has no ${commit} lock, so nothing was built so far`;
    return [`${name} runs no commit: ${cause}.`, ...(pending.length > 0 ? [`pending: ${list(pending)}`] : []), ...notes].join(
        "\n  ",
    );
}

/**
 * The two commands that undo a change of what runs, said before it begins: after a failed rollout the engine's own report
 * stands last, and this stands in it. Empty where nothing ran before, or nothing changes.
 */
export function describeWayBack({ environment, request, current, transitions }: Plan, { services }: Catalog): string {
    if (!current || transitions.length === 0) {
        return "";
    }
    const back = [...requestCommands(environment.name, current.request, request), `pulumi up -s ${environment.name}`].join(" && ");
    const verified = transitions.filter(({ image, to }) => to !== undefined && services[image]?.verify).map(({ image }) => image);
    return [
        verified.length === 0
            ? "  Should a rollout fail, what served goes on serving and no run is recorded; then"
            : `  Should a rollout fail, what served goes on serving; should verify of ${list(verified)} fail, the new one serves. No run is recorded; then`,
        `  → back to ${shortCommit(askedRef(current.request))}, healthy at ${current.at}: ${back}`,
        `  → again, once the cause is mended: pulumi up -s ${environment.name}`,
    ].join("\n");
}

function headline({ environment: { name }, direction, request, local }: Plan): string {
    const pins = Object.keys(request.pins).length;
    const target = `${shortCommit(askedRef(request))}${pins === 0 ? "" : ` + ${pins} ${pins === 1 ? "pin" : "pins"}`}`;
    return {
        first: `${name} runs for the first time, at ${target}`,
        forward: `${name} goes forward to ${target}`,
        rollback: `${name} goes back to ${target}, which ran healthy here before`,
        unchanged: `${name} stays at ${target}: no image ${local ? "of it " : ""}changes`,
    }[direction];
}

function change({ images, environment }: Plan, { image, from, to }: Transition): string {
    if (to === undefined) {
        return `${shortDigest(from!)} leaves ${environment.name}`;
    }
    const planned = images[image];
    const origin = "source" in planned ? planned.source.split("@")[0] : shortCommit(planned.commit);
    const pinned = planned.pinned ? `, ${serviceOf(image)} pinned` : "";
    return `${from === undefined ? "new" : shortDigest(from)} → ${shortDigest(to)} (${origin}${pinned})`;
}
