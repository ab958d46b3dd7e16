import * as pulumi from "@pulumi/pulumi";
import { imageCopies } from "../core/promotion/imageCopies";
import type { Plan } from "../core/promotion/model";
import { tierAddress } from "../core/promotion/words";
import type { Tier } from "../core/release/addresses";
import type { ImageCopies } from "../core/release/copyImages";
import { DynamicResource } from "./dynamicResource";

/** What {@link PromotedImages} are made from. */
export interface PromotedImagesArgs {
    plan: Plan;
    /** The tier that images of a commit are copied from: the environment's before, or the own one in the first. */
    from: Tier;
    /** Registry host and path that images of a release are copied from. */
    deploy: string;
}

/**
 * The images of a set, in the environment's own tier: copied by digest, with commit and release as their tags, before any
 * workload asks for them. Its diff is the promotion's diff: service → digest.
 */
export class PromotedImages extends DynamicResource {
    constructor(name: string, args: PromotedImagesArgs, opts?: pulumi.CustomResourceOptions) {
        super("PromotedImages", name, promotedImagesInputs(args), opts);
    }
}

/** Inputs of the resource, as its provider gets them. */
export interface PromotedImagesInputs {
    /** Address of the tier. */
    to: string;
    commit: string;
    /** The release that was asked for. Absent: a commit was. */
    release?: string;
    pins: Readonly<Record<string, string>>;
    /** Image name → digest, of the whole set. */
    images: Readonly<Record<string, string>>;
    /** What comes in, and how. */
    copies: ImageCopies;
}

/** The inputs, pure. */
export function promotedImagesInputs({ plan, from, deploy }: PromotedImagesArgs): PromotedImagesInputs {
    const { environment, request } = plan;
    return {
        to: tierAddress(environment),
        commit: request.commit,
        ...(request.release !== undefined && { release: request.release }),
        pins: request.pins,
        images: plan.set,
        copies: imageCopies(plan, from, deploy),
    };
}
