import { lockGaps } from "../../release/lockDocument";
import { askCommand, list, otherRefs, shortCommit } from "../words";
import { refs, type Rule } from "./rule";

/** A lock that forgot an image of its own catalog would take a service away without anybody having asked. */
export const lockTotal: Rule = {
    name: "lockTotal",
    judge: ({ request, facts }) =>
        refs(request).flatMap(({ ref, pinned }) => {
            const lock = facts.locks[ref];
            const { missing, surplus } = lock ? lockGaps(lock) : { missing: [], surplus: [] };
            if (missing.length + surplus.length === 0) {
                return [];
            }
            return [
                {
                    subject: pinned ?? "commit",
                    message: [
                        `The lock of ${shortCommit(ref)} is not total over its own catalog: no release of oneflow writes such a lock.`,
                        ...(missing.length > 0 ? [`It lacks ${list(missing)}.`] : []),
                        ...(surplus.length > 0 ? [`It has ${list(surplus)}, which its catalog does not.`] : []),
                        ...otherRefs(request, facts),
                    ].join("\n"),
                    remedy: facts.alternatives.length > 0 ? askCommand(request, pinned, facts.alternatives[0]) : buildAnew,
                },
            ];
        }),
};

const buildAnew = 'git commit --allow-empty -m "Build anew" && git push   # a lock is written once; a new commit gets its own';
