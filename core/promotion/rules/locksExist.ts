import type { Problem } from "../../refusal";
import { isCommit } from "../../release/lock";
import type { PromotionFacts, PromotionRequest } from "../model";
import { askCommand, otherRefs, pinCommand, promoteCommand, shortCommit, sourceTiers, unpinCommand } from "../words";
import { refs, type Rule } from "./rule";

/** A commit without a lock has no complete set of images, so there is nothing to run; nor has a release that is not there. */
export const locksExist: Rule = {
    name: "locksExist",
    judge: ({ request, facts }) =>
        refs(request)
            .filter(({ ref }) => !facts.locks[ref])
            .flatMap(({ ref, pinned }) =>
                isCommit(ref)
                    ? [commitWithoutLock(request, facts, ref, pinned)]
                    : // A pin is no release, which the form of refs refuses.
                      pinned === undefined && ref === request.release
                      ? [absentRelease(request, facts, ref)]
                      : [],
            ),
};

function absentRelease(request: PromotionRequest, facts: PromotionFacts, release: string): Problem {
    const { environment } = request;
    const { alternatives, releases = [] } = facts;
    const [newest] = [...alternatives, ...releases];
    return {
        subject: "commit",
        message: [
            `${release} is no release in deploy: it was never released, or its release has not ended.`,
            ...(releases.length > 0 ? [`Newest releases there: ${releases.join(", ")}`] : []),
            ...otherRefs(request, facts),
        ].join("\n"),
        remedy: [`npx oneflow release ${release}`, ...(newest ? [promoteCommand(environment.name, newest)] : [])].join("\nor: "),
    };
}

function commitWithoutLock(request: PromotionRequest, facts: PromotionFacts, ref: string, pinned: string | undefined): Problem {
    const commands = wayTo(request, facts, ref, pinned);
    return {
        subject: pinned ?? "commit",
        message: [
            `${shortCommit(ref)} has no lock in ${sourceTiers(request, ref)}.`,
            cause(request),
            ...otherRefs(request, facts),
        ].join("\n"),
        ...(commands.length > 0 ? { remedy: commands.join("\nor: ") } : {}),
    };
}

/** A lock comes to a later tier with a promotion: there the likely cause is that the commit skipped an environment. */
function cause({ before }: PromotionRequest): string {
    return before?.promotesFrom === undefined
        ? "Its build failed, is still running or never ran, or it was cleaned up."
        : `It never came to ${before.name}: a lock travels with a promotion. Or it was never built.`;
}

function wayTo(request: PromotionRequest, { alternatives }: PromotionFacts, ref: string, pinned: string | undefined): string[] {
    const { before, environment } = request;
    const [newest] = alternatives;
    const earlier =
        before?.promotesFrom === undefined
            ? []
            : [
                  `${pinned === undefined ? promoteCommand(before.name, ref) : pinCommand(before.name, pinned, ref)}   # then ${environment.name} again`,
              ];
    const other = newest
        ? [askCommand(request, pinned, newest)]
        : pinned === undefined
          ? []
          : [unpinCommand(environment.name, pinned)];
    return [...earlier, ...other];
}
