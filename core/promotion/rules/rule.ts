import type { Problem } from "../../refusal";
import type { Digest } from "../../registry/reference";
import { parseUnion } from "../../release/union";
import type { Direction, PromotionFacts, PromotionRequest } from "../model";
import type { Proposal } from "../proposal";

/** What a rule looks at. */
export interface Judged extends Proposal {
    request: PromotionRequest;
    facts: PromotionFacts;
    direction: Direction;
}

/** One reason why a promotion may be refused. Pure: it reads what it is given, and no clock. */
export interface Rule {
    /** Short and stable: what an override and a test call it by. */
    name: string;
    /** Whether somebody may answer for it, with a reason. @default false: what it refuses could not run, or nobody knows what would */
    overridable?: true;
    /** All that this rule has against it; nothing where it allows it. */
    judge(judged: Judged): readonly Problem[];
}

/** Whether the promotion changes an image, and not back to a set that ran here: what order, soak and freeze are asked of. */
export function brings({ direction, transitions }: Judged): boolean {
    return direction !== "rollback" && transitions.some(({ to }) => to !== undefined);
}

/** Whether the whole set ran in the environment before. */
export function ranBefore({ facts, key, wholeKey }: Judged): boolean {
    return facts.ranBefore.has(key) || facts.ranBefore.has(wholeKey);
}

/**
 * Whether a ref's images need not have run in the environment before: its lock says that it is a hotfix, and this is the environment
 * directly after the first. Whether a hotfix may come, its own rule says.
 */
export function isHotfix({ request: { before }, facts }: Judged, ref: string): boolean {
    return before !== undefined && before.promotesFrom === undefined && facts.locks[ref]?.source.branch === "hotfix";
}

/** The images that would come in, by name, but for those of a hotfix: each of them needs a proof where the set has none. */
export function inNeedOfProof(judged: Judged): { image: string; to: Digest }[] {
    return judged.transitions.flatMap(({ image, to }) =>
        to === undefined || isHotfix(judged, judged.images[image].ref) ? [] : [{ image, to }],
    );
}

/** The refs of a request: the environment's release or commit, or each of a union's, and each pin with its service. */
export function refs({ commit, release, pins }: PromotionRequest): { ref: string; pinned?: string }[] {
    const named = release === undefined ? Object.values(parseUnion(commit) ?? { commit }) : [release];
    return [...named.map((ref) => ({ ref })), ...Object.entries(pins).map(([pinned, ref]) => ({ ref, pinned }))];
}
