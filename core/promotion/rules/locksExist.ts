import { isCommit } from "../../release/lock";
import type { PromotionFacts, PromotionRequest } from "../model";
import { askCommand, otherCommits, pinCommand, promoteCommand, shortCommit, sourceTiers, unpinCommand } from "../words";
import { refs, type Rule } from "./rule";

/** A commit without a lock has no complete set of images, so there is nothing to run. */
export const locksExist: Rule = {
    name: "locksExist",
    judge: ({ request, facts }) =>
        refs(request)
            .filter(({ ref }) => isCommit(ref) && !facts.locks[ref])
            .map(({ ref, pinned }) => {
                const commands = wayTo(request, facts, ref, pinned);
                return {
                    subject: pinned ?? "commit",
                    message: [
                        `${shortCommit(ref)} has no lock in ${sourceTiers(request)}.`,
                        cause(request),
                        ...otherCommits(request, facts),
                    ].join("\n"),
                    ...(commands.length > 0 ? { remedy: commands.join("\nor: ") } : {}),
                };
            }),
};

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
