import type { Plan } from "./model";

/**
 * Whether a set comes that never ran here. Only then do waves and `after` order anything: what ran here before comes back to all
 * clusters at once, and settings alone change everywhere at once.
 */
export function movesForward({ direction }: Pick<Plan, "direction">): boolean {
    return direction === "first" || direction === "forward";
}
