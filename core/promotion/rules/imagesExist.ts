import { serviceOf } from "../../release/lock";
import { askCommand, otherRefs, shortCommit, shortDigest, sourceTiers } from "../words";
import type { Rule } from "./rule";

/** Whatever comes into the environment can be pulled. A rollback is held to this too. */
export const imagesExist: Rule = {
    name: "imagesExist",
    judge: ({ request, facts, transitions, images }) =>
        transitions
            .filter(({ image, to }) => to !== undefined && facts.missing.has(`${image}@${to}`))
            .map(({ image }) => {
                const { ref, digest, pinned } = images[image];
                const [newest] = facts.alternatives;
                return {
                    subject: image,
                    message: [
                        `${shortCommit(ref)} has no image in ${sourceTiers(request, ref)}: its lock says ${shortDigest(digest)}, which is gone.`,
                        "It was cleaned up or deleted; it is never built again under its tag.",
                        ...otherRefs(request, facts),
                    ].join("\n"),
                    ...(newest ? { remedy: askCommand(request, pinned ? serviceOf(image) : undefined, newest) } : {}),
                };
            }),
};
