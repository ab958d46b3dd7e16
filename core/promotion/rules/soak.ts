import type { Problem } from "../../refusal";
import { serviceOf } from "../../release/lock";
import type { Environment } from "../../settings/model";
import type { Stretch } from "../model";
import { askedRef, durationWords, otherRefs, overrideCommand, pinCommand, promoteCommand, shortCommit } from "../words";
import { brings, inNeedOfProof, type Judged, ranBefore, type Rule } from "./rule";

/**
 * What comes into an environment ran in the environment before for as long as this one asks: from a healthy run to the next run there,
 * or until now. What never ran there at all is the order's to refuse.
 */
export const soak: Rule = {
    name: "soak",
    overridable: true,
    judge: (judged) => {
        const { request, facts, key, wholeKey } = judged;
        const { before, environment, pins } = request;
        const seconds = environment.soakSeconds;
        if (!before || seconds === undefined || !brings(judged)) {
            return [];
        }
        if (ranBefore(judged)) {
            const stretches = facts.stretchesBefore.filter(({ what }) => what === key || what === wholeKey);
            return hasSoaked(stretches, seconds, facts.now) ? [] : [tooShort(judged, before, seconds, stretches)];
        }
        const short = inNeedOfProof(judged).filter(
            ({ image, to }) =>
                Object.keys(pins).length > 0 &&
                facts.imagesRanBefore.has(`${image}@${to}`) &&
                !hasSoaked(stretchesOf(judged, image), seconds, facts.now),
        );
        const services = [...new Set(short.map(({ image }) => serviceOf(image)))];
        return services.map((service) => {
            // It need not be the service's own image that has not soaked.
            const { image } = short.find((one) => serviceOf(one.image) === service)!;
            return tooShort(judged, before, seconds, stretchesOf(judged, image), service);
        });
    },
};

/** Whether one of the stretches was long enough. */
function hasSoaked(stretches: readonly Stretch[], seconds: number, now: string): boolean {
    return stretches.some((stretch) => lengthOf(stretch, now) >= seconds);
}

function stretchesOf({ facts, images }: Judged, image: string): Stretch[] {
    return facts.stretchesBefore.filter(({ what }) => what === `${image}@${images[image]?.digest}`);
}

function lengthOf({ from, to }: Stretch, now: string): number {
    return (Date.parse(to ?? now) - Date.parse(from)) / 1000;
}

/** @param service the one that is judged by itself, of a set that is mixed by pins */
function tooShort(
    { request, facts, images }: Judged,
    before: Environment,
    seconds: number,
    stretches: readonly Stretch[],
    service?: string,
): Problem {
    const { environment } = request;
    const ref = service === undefined ? askedRef(request) : images[service].ref;
    const what = service === undefined ? shortCommit(ref) : `${service} of ${shortCommit(ref)}`;
    const pinned = service !== undefined && Object.hasOwn(request.pins, service);
    const running = stretches.find(({ to }) => to === undefined);
    const again = pinned ? pinCommand(before.name, service, ref) : promoteCommand(before.name, ref);
    const asked = durationWords(seconds);
    return {
        subject: service === undefined ? "soak" : `soak of ${service}`,
        message: [
            `${environment.name} takes what ran in ${before.name} for ${asked} without another run there.`,
            running
                ? `${what} runs there since ${running.from}, so until ${later(running.from, seconds)} nothing else may be deployed there.`
                : `${what} ran there for ${longest(stretches, facts.now)}, and something else runs there now.`,
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: [
            running
                ? `wait until ${later(running.from, seconds)}, then: pulumi up -s ${environment.name}`
                : `${again}   # then ${environment.name} again, ${asked} later`,
            overrideCommand(environment.name, "soak"),
        ].join("\nor: "),
    };
}

function longest(stretches: readonly Stretch[], now: string): string {
    const lengths = stretches.map((stretch) => lengthOf(stretch, now));
    return lengths.length < 2 ? durationWords(lengths[0] ?? 0) : `${durationWords(Math.max(...lengths))} at the longest`;
}

function later(moment: string, seconds: number): string {
    return new Date(Date.parse(moment) + seconds * 1000).toISOString().replace(".000Z", "Z");
}
