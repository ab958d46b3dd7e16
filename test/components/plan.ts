import type { Plan } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import { lockSchema, setKey, type Lock } from "../../core/release/lock";
import type { Environment, Settings } from "../../core/settings/model";

export const commit = "a".repeat(40);
export const cart: Digest = `sha256:${"1".repeat(64)}`;
export const checkout: Digest = `sha256:${"2".repeat(64)}`;

/** A plan that runs both services of the settings at one commit for the first time. */
export function plan({ catalog }: Settings, environment: Environment, more: Partial<Plan> = {}): Plan {
    const locked = { cart: { commit, digest: cart }, checkout: { commit, digest: checkout } };
    const source = { repository: "acme/shop", commit, branch: "develop" } as const;
    const lock: Lock = { schema: lockSchema, source, catalog, images: locked };
    const set = { cart, checkout };
    const images: Plan["images"] = more.images ?? {
        cart: { ...locked.cart, ref: commit, pinned: false },
        checkout: { ...locked.checkout, ref: commit, pinned: false },
    };
    return {
        environment,
        request: { commit, pins: {} },
        direction: "first",
        images,
        set,
        key: setKey(set),
        transitions: Object.entries(images).map(([image, { digest }]) => ({ image, to: digest })),
        migrations: { due: [], done: [] },
        pending: [],
        locks: { [commit]: lock },
        notes: [],
        ...more,
    };
}
