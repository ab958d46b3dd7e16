import { isCommit } from "../../release/lock";
import { askCommand, otherCommits, shortCommit, sourceTiers, unpinCommand } from "../words";
import { refs, type Rule } from "./rule";

/** A commit without a lock has no complete set of images, so there is nothing to run. */
export const locksExist: Rule = {
    name: "locksExist",
    judge: ({ request, facts }) =>
        refs(request)
            .filter(({ ref }) => isCommit(ref) && !facts.locks[ref])
            .map(({ ref, pinned }) => {
                const [newest] = facts.alternatives;
                return {
                    subject: pinned ?? "commit",
                    message: [
                        `${shortCommit(ref)} has no lock in ${sourceTiers(request)}.`,
                        "Its build failed, is still running or never ran, or it was cleaned up.",
                        ...otherCommits(request, facts),
                    ].join("\n"),
                    ...(newest
                        ? { remedy: askCommand(request, pinned, newest) }
                        : pinned === undefined
                          ? {}
                          : { remedy: unpinCommand(request.environment.name, pinned) }),
                };
            }),
};
