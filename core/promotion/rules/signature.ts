import type { Problem } from "../../refusal";
import { isRelease } from "../../release/lock";
import type { Rejection } from "../../signing/verify";
import { list, otherRefs, overrideCommand, promoteCommand, settingCommand, shortCommit } from "../words";
import { brings, type Judged, refs, type Rule } from "./rule";

/**
 * Where signatures are asked for, what comes in comes with a release that an accepted key signed. A commit is signed by nobody. What ran
 * here before may come back.
 */
export const signature: Rule = {
    name: "signature",
    overridable: true,
    judge: (judged) => {
        const { request, transitions, images, facts } = judged;
        if (!request.environment.signed || !brings(judged)) {
            return [];
        }
        const coming = new Set(transitions.flatMap(({ image, to }) => (to === undefined ? [] : [images[image].ref])));
        return refs(request)
            .filter(({ ref }) => coming.has(ref) && facts.signatures?.[ref]?.by === undefined)
            .map(({ ref, pinned }) => (isRelease(ref) ? unsigned(judged, ref) : noRelease(judged, ref, pinned)));
    },
};

function unsigned({ request, facts }: Judged, release: string): Problem {
    const { name } = request.environment;
    const accepted = (request.signers ?? []).map(({ fingerprint }) => fingerprint);
    const rejected = facts.signatures?.[release]?.rejected ?? [];
    return {
        subject: "signature",
        message: [
            `${release} has no signature that ${name} accepts.`,
            ...(rejected.length === 0 ? ["It was never signed, or its signature was taken away."] : rejected.map(words)),
            `Accepted: ${accepted.length === 0 ? "no key, platform.signing.publicKeys is empty" : list(accepted, "or")}.`,
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: [`npx oneflow release ${release} --publish   # as the releaser: signs it`, overrideCommand(name, "signature")].join(
            "\nor: ",
        ),
    };
}

function noRelease({ request, facts }: Judged, ref: string, pinned: string | undefined): Problem {
    const { name } = request.environment;
    return {
        subject: pinned === undefined ? "commit" : `pins.${pinned}`,
        message: [
            `${name} takes signed releases, and ${shortCommit(ref)} is a commit, which nobody signs.`,
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: [
            `npx oneflow release v<next> --commit ${ref}   # then: ${promoteCommand(name, "v<next>")}`,
            settingCommand(name, "signed", "false"),
            overrideCommand(name, "signature"),
        ].join("\nor: "),
    };
}

function words(rejection: Rejection): string {
    switch (rejection.why) {
        case "otherKey":
            return `A signature names the key ${rejection.key}, which is not accepted.`;
        case "otherSubject":
            return `A signature is about ${rejection.subject}, which is another release: somebody put it there.`;
        case "otherStatement":
            return `A signature says something else than how a release was made: ${rejection.says}.`;
        case "damaged":
            return `A signature ${rejection.detail}: it was damaged or forged.`;
    }
}
