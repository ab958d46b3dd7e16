import { serviceOf } from "../release/lock";
import type { Catalog, Environment } from "../settings/model";
import type { Plan, Transition } from "./model";
import { list, shortCommit, shortDigest } from "./words";

/** A plan in words, a line each, for the preview and the log: where it goes, what changes, what a reader should know. */
export function describe(plan: Plan): string[] {
    const width = Math.max(0, ...plan.transitions.map(({ image }) => image.length));
    const stay = Object.keys(plan.images).length - plan.transitions.filter(({ to }) => to !== undefined).length;
    return [
        headline(plan),
        ...plan.transitions.map((transition) => `  ${transition.image.padEnd(width)}  ${change(plan, transition)}`),
        ...(plan.transitions.length > 0 && stay > 0
            ? [`  ${stay} ${stay === 1 ? "image stays" : "images stay"} as ${stay === 1 ? "it is" : "they are"}`]
            : []),
        ...plan.notes.map((note) => `  ${note}`),
    ];
}

/** What is said where the first environment follows `latest` and nothing has been built yet. */
export function describeNothingBuilt({ name, tier }: Pick<Environment, "name" | "tier">, catalog: Catalog): string[] {
    const services = Object.keys(catalog.services).sort();
    return [`${name} deploys nothing yet: ${tier} has no latest lock, so nothing was built so far`, `  pending: ${list(services)}`];
}

function headline({ environment: { name }, direction, request }: Plan): string {
    const pins = Object.keys(request.pins).length;
    const target = `${shortCommit(request.commit)}${pins === 0 ? "" : ` + ${pins} ${pins === 1 ? "pin" : "pins"}`}`;
    return {
        first: `${name} runs for the first time, at ${target}`,
        forward: `${name} goes forward to ${target}`,
        rollback: `${name} goes back to ${target}, which ran healthy here before`,
        unchanged: `${name} stays at ${target}: no image changes`,
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
