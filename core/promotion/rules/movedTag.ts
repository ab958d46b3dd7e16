import type { Problem } from "../../refusal";
import { serviceOf } from "../../release/lock";
import { askCommand, otherRefs, shortCommit, shortDigest, tierName } from "../words";
import type { Judged, Rule } from "./rule";

/** A commit's tag still means the digest that it meant when the commit was built, wherever somebody may have pushed over it. */
export const movedTag: Rule = {
    name: "movedTag",
    judge: (judged) => [
        ...movedReleases(judged),
        ...judged.transitions.flatMap(({ image, to }): Problem[] => {
            const said = to === undefined ? [] : contradictions(judged, image);
            if (said.length === 0) {
                return [];
            }
            const { ref, digest, pinned } = judged.images[image];
            const { request, facts } = judged;
            const [newest] = facts.alternatives;
            return [
                {
                    subject: image,
                    message: [
                        `The lock of ${shortCommit(ref)} says ${shortDigest(digest)}, but`,
                        ...said.map((other) => `  ${other}`),
                        "A commit means one digest for ever: somebody pushed over a tag or a lock. Find out who before anything is deployed.",
                        ...otherRefs(request, facts),
                    ].join("\n"),
                    remedy: newest
                        ? askCommand(request, pinned ? serviceOf(image) : undefined, newest)
                        : 'git commit --allow-empty -m "Build anew" && git push   # a new commit gets tags of its own',
                },
            ];
        }),
    ],
};

/** A release's git tag names the commit that it was made of, where the checkout is of the repository that has the tag. */
function movedReleases({ request, facts, transitions }: Judged): Problem[] {
    const { release } = request;
    const tagged = release === undefined ? undefined : facts.checkout?.[release]?.tagged;
    const made = release === undefined ? undefined : facts.locks[release]?.source.commit;
    if (transitions.length === 0 || tagged === undefined || made === undefined || tagged === made) {
        return [];
    }
    return [
        {
            subject: "commit",
            message: [
                `${release} was made of ${shortCommit(made)}, but the git tag of this checkout names ${shortCommit(tagged)}.`,
                "A release means one commit for ever: somebody moved the tag, here or for all. Find out who before anything is deployed.",
                ...otherRefs(request, facts),
            ].join("\n"),
            remedy: `git fetch --force origin tag ${release} && git rev-parse '${release}^{commit}'   # expected: ${made}`,
        },
    ];
}

/** What says otherwise than the lock: tags in the registry, and the record of what ran here. */
function contradictions({ request, facts, images }: Judged, image: string): string[] {
    const planned = images[image];
    const tags = facts.tags
        .filter((fact) => fact.image === image && fact.digest !== planned.digest)
        .filter(({ tag }) => tag === planned.ref || ("commit" in planned && tag === planned.commit))
        .map(({ tag, tier, digest }) => `tag ${shortCommit(tag)} in ${tierName(request, tier)} means ${shortDigest(digest)}`);
    const ran = facts.current?.images[image];
    const same = ran && "commit" in ran && "commit" in planned && ran.commit === planned.commit && ran.digest !== planned.digest;
    return same ? [...tags, `${shortCommit(ran.commit)} runs in ${request.environment.name} as ${shortDigest(ran.digest)}`] : tags;
}
