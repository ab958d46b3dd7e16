import type { Problem } from "../../refusal";
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
    /** All that this rule has against it; nothing where it allows it. */
    judge(judged: Judged): readonly Problem[];
}

/** The refs of a request: the environment's commit, or each of a union's, and each pin with its service. */
export function refs({ commit, pins }: PromotionRequest): { ref: string; pinned?: string }[] {
    const named = Object.values(parseUnion(commit) ?? { commit });
    return [...named.map((ref) => ({ ref })), ...Object.entries(pins).map(([pinned, ref]) => ({ ref, pinned }))];
}
