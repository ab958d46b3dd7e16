import type { Problem } from "../../refusal";
import { serviceOf } from "../../release/lock";
import type { Environment } from "../../settings/model";
import { askCommand, askedRef, list, otherRefs, promoteCommand, pinCommand, shortCommit } from "../words";
import { brings, inNeedOfProof, type Judged, ranBefore, type Rule } from "./rule";

/**
 * What comes into an environment ran healthy in the environment before, as a set. A set that is mixed by pins need not have run
 * together: then each image that would change is judged on its own. A set that ran here already goes back, and needs no proof.
 */
export const order: Rule = {
    name: "order",
    overridable: true,
    judge: (judged) => {
        const { request } = judged;
        if (!request.before || !brings(judged) || ranBefore(judged) || inNeedOfProof(judged).length === 0) {
            return [];
        }
        return Object.keys(request.pins).length > 0 ? eachImage(judged, request.before) : [wholeSet(judged, request.before)];
    },
};

function wholeSet(judged: Judged, before: Environment): Problem {
    const { request, facts } = judged;
    const unproven = neverRan(judged);
    return {
        subject: "commit",
        message: [
            `${shortCommit(askedRef(request))} never ran healthy in ${before.name}, which ${request.environment.name} promotes from.`,
            unproven.length === 0 ? `Each image did, but never all of them together.` : `Never ran there: ${list(unproven)}.`,
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: [
            `${promoteCommand(before.name, askedRef(request))}   # then ${request.environment.name} again`,
            ...(facts.alternatives[0] ? [`or: ${askCommand(request, undefined, facts.alternatives[0])}`] : []),
        ].join("\n"),
    };
}

/** One problem for the images that the environment's commit chose, one for each pinned service. */
function eachImage(judged: Judged, before: Environment): Problem[] {
    const { request, facts, images } = judged;
    const unproven = neverRan(judged);
    const mixed = "The set is mixed by pins, so each image that changes must have run there itself.";
    const common = unproven.filter((name) => !images[name].pinned);
    const services = [...new Set(unproven.filter((name) => images[name].pinned).map(serviceOf))];
    const problem = (subject: string, ref: string, names: readonly string[], remedy: string): Problem => ({
        subject,
        message: [
            `${list(names)} of ${shortCommit(ref)} never ran healthy in ${before.name}.`,
            mixed,
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: `${remedy}   # then ${request.environment.name} again`,
    });
    return [
        ...(common.length > 0
            ? [problem("commit", askedRef(request), common, promoteCommand(before.name, askedRef(request)))]
            : []),
        ...services.map((service) =>
            problem(
                `pins.${service}`,
                request.pins[service],
                unproven.filter((name) => serviceOf(name) === service),
                pinCommand(before.name, service, request.pins[service]),
            ),
        ),
    ];
}

/** Images that would come in and never ran in the environment before. */
function neverRan(judged: Judged): string[] {
    return inNeedOfProof(judged)
        .filter(({ image, to }) => !judged.facts.imagesRanBefore.has(`${image}@${to}`))
        .map(({ image }) => image);
}
