import type { Plan } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import { lockSchema, setKey, type Lock } from "../../core/release/lock";
import type { Environment, Settings } from "../../core/settings/model";

export const commit = "a".repeat(40);
export const cart: Digest = `sha256:${"1".repeat(64)}`;
export const checkout: Digest = `sha256:${"2".repeat(64)}`;

/** A plan that runs both services of the settings at one commit for the first time. */
export function plan({ catalog }: Settings, environment: Environment, more: Partial<Plan> = {}): Plan {
    const images = { cart: { commit, digest: cart }, checkout: { commit, digest: checkout } };
    const lock: Lock = { schema: lockSchema, source: { repository: "acme/shop", commit, branch: "develop" }, catalog, images };
    const set = { cart, checkout };
    return {
        environment,
        request: { commit, pins: {} },
        direction: "first",
        images: {
            cart: { ...images.cart, ref: commit, pinned: false },
            checkout: { ...images.checkout, ref: commit, pinned: false },
        },
        set,
        key: setKey(set),
        transitions: [
            { image: "cart", to: cart },
            { image: "checkout", to: checkout },
        ],
        migrations: { due: [], done: [] },
        pending: [],
        locks: { [commit]: lock },
        notes: [],
        ...more,
    };
}
