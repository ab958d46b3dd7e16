import * as pulumi from "@pulumi/pulumi";
import { canonicalJson } from "../core/release/lock";
import { createHash } from "node:crypto";
import type { Plan } from "../core/promotion/model";
import type { RunRecord } from "../core/release/runRecord";
import type { Catalog } from "../core/settings/model";
import { DynamicResource } from "./dynamicResource";

/** What a {@link RecordedRun} is made from. */
export interface RecordedRunArgs {
    plan: Plan;
    /** The catalog as it was rendered. */
    catalog: Catalog;
}

/**
 * The environment's last resource: it depends on every workload of every cluster, so it is written only when all are
 * healthy. Its diff looks at the set and the settings alone; who, when and why are known only when it is written.
 */
export class RecordedRun extends DynamicResource {
    constructor(name: string, args: RecordedRunArgs, opts?: pulumi.CustomResourceOptions) {
        super("RunRecord", name, recordedRunInputs(args), opts);
    }
}

/** What is known of a run before it has run. */
export type ForeseenRun = Omit<RunRecord, "at" | "by" | "operations" | "reason" | "schema">;

/** Inputs of the resource, as its provider gets them. */
export interface RecordedRunInputs {
    /** Registry and tier of the environment. */
    to: { registry: string; tier: string };
    /** Key of the set. */
    set: string;
    /** Hash of what was rendered besides the images. */
    settings: string;
    /** The {@link ForeseenRun} as canonical JSON: as a map, its catalog would be taken apart value by value at every `up`. */
    run: string;
}

/** The inputs, pure. */
export function recordedRunInputs({ plan, catalog }: RecordedRunArgs): RecordedRunInputs {
    const { environment, request, images, key, migrations } = plan;
    const migrated = [...migrations.due, ...migrations.done].sort();
    const schemas =
        plan.schemas && Object.fromEntries(Object.entries(plan.schemas).map(([service, { label }]) => [service, label]));
    const { name, registry, tier, namespace } = environment;
    const deployed = environment.clusters.filter(({ suspended }) => !suspended);
    const clusters = deployed.map((cluster) => ({
        name: cluster.name,
        region: cluster.region,
        context: cluster.context,
    }));
    return {
        to: { registry, tier },
        set: key,
        settings: createHash("sha256").update(canonicalJson({ catalog, clusters, namespace, schemas })).digest("hex"),
        run: canonicalJson({
            environment: name,
            request,
            set: key,
            images: Object.fromEntries(
                Object.entries(images).map(([image, { ref: _ref, pinned: _pinned, ...locked }]) => [image, locked]),
            ),
            ...(plan.releases && { releases: plan.releases }),
            catalog,
            ...(migrated.length > 0 && { migrated }),
            ...(schemas && { schemas }),
            clusters,
            namespace,
        } satisfies ForeseenRun),
    };
}
