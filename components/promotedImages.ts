import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../core/promotion/model";
import type { Tier } from "../core/release/addresses";
import { DynamicResource } from "./dynamicResource";

/** What {@link PromotedImages} are made from. */
export interface PromotedImagesArgs {
    plan: Plan;
    /** The tier that the images are copied from: the environment's before, or the own one in the first. */
    from: Tier;
}

/**
 * The images of a set, in the environment's own tier: copied by digest, with the commit as their tag, before any
 * workload asks for them. Its diff is the promotion's diff: service → digest.
 */
export class PromotedImages extends DynamicResource {
    constructor(name: string, args: PromotedImagesArgs, opts?: pulumi.CustomResourceOptions) {
        super("PromotedImages", name, promotedImagesInputs(args), opts);
    }
}

/** Inputs of the resource, as its provider gets them. */
export interface PromotedImagesInputs {
    from: string;
    to: string;
    commit: string;
    pins: Readonly<Record<string, string>>;
    /** Image name → digest. */
    images: Readonly<Record<string, string>>;
    /** Image name → the commit that its tag in the own tier names. */
    tags: Readonly<Record<string, string>>;
    /** Commit → the repository whose lock travels along. */
    locks: Readonly<Record<string, string>>;
}

/** The inputs, pure. */
export function promotedImagesInputs({ plan, from }: PromotedImagesArgs): PromotedImagesInputs {
    const { environment, request, images, locks } = plan;
    return {
        from: `${from.registry}/${from.tier}`,
        to: `${environment.registry}/${environment.tier}`,
        commit: request.commit,
        pins: request.pins,
        images: plan.set,
        tags: Object.fromEntries(Object.entries(images).map(([name, { ref }]) => [name, ref])),
        locks: Object.fromEntries(Object.entries(locks).map(([commit, lock]) => [commit, lock.source.repository])),
    };
}
