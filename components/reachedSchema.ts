import * as pulumi from "@pulumi/pulumi";
import type { Tier } from "../core/release/addresses";
import type { DatabaseSchema } from "../core/release/databaseSchema";
import { canonicalJson } from "../core/release/lock";
import { DynamicResource } from "./dynamicResource";

/** What a {@link ReachedSchema} is made from. */
export interface ReachedSchemaArgs {
    environment: Tier;
    /** Where the database stands once the service's `migrate` has run. */
    reached: DatabaseSchema;
}

/**
 * Says where the schema of a service's database stands, between its migration and its rollout: a rollout that fails leaves a database
 * that has been migrated, and whoever goes back must know. On the way back it says what it said, so it changes nothing.
 */
export class ReachedSchema extends DynamicResource {
    constructor(name: string, args: ReachedSchemaArgs, opts?: pulumi.CustomResourceOptions) {
        super("DatabaseSchema", name, reachedSchemaInputs(args), opts);
    }
}

/** Inputs of the resource, as its provider gets them. */
export interface ReachedSchemaInputs {
    /** Registry and tier of the environment. */
    to: { registry: string; tier: string };
    /** The {@link DatabaseSchema} as canonical JSON. */
    reached: string;
}

/** The inputs, pure. */
export function reachedSchemaInputs({ environment: { registry, tier }, reached }: ReachedSchemaArgs): ReachedSchemaInputs {
    return { to: { registry, tier }, reached: canonicalJson(reached) };
}
