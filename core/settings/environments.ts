import { Findings } from "./findings";
import { readFreeze } from "./freeze";
import { judge } from "./judge";
import type { Cluster, Environment } from "./model";
import { readOverride } from "./override";
import { readCloud } from "./platforms";
import { readSoak } from "./soak";
import { refuseNothingLeft } from "./waves";
import type { ClusterEntry, EnvironmentEntry } from "./schema/stack";
import type { Shape, Shapes } from "./shape";
import type { Project, StackConfig } from "./stackFile";

/** An environment as its own file says it, before the others are known. */
export interface EnvironmentFile {
    name: string;
    file: string;
    cloud: { project?: string; region?: string };
    entry: EnvironmentEntry;
    /** Whether the file says which environment is before this one, in a form that cannot be read. */
    unclear: boolean;
    config: StackConfig;
    findings: Findings;
}

export function readEnvironmentFile(
    config: StackConfig,
    project: Project,
    shapes: Shapes,
    likely: string | undefined,
    findings: Findings,
): EnvironmentFile {
    const path = [`${project.name}:environment`];
    const raw = config.values.get(path[0]) ?? {};
    const entry = (judge(shapes.environment, raw, path, findings) as EnvironmentEntry | undefined) ?? {};
    const unclear = entry.promotesFrom === undefined && findings.touches([...path, "promotesFrom"]);
    const cloud = readCloud(config, shapes, likely, findings);
    return { name: config.stack, file: config.file, cloud, entry, unclear: unclear || typeof raw !== "object", config, findings };
}

/** The project id that an environment's neighbours suggest: `acme-stage` beside dev's `acme-dev`. */
export function likelyProject(name: string, others: readonly StackConfig[]): string | undefined {
    const pattern = others
        .map(({ stack, values }) => ({ stack, project: values.get("gcp:project") }))
        .find(({ stack, project }) => typeof project === "string" && project.includes(stack));
    return pattern && (pattern.project as string).replace(pattern.stack, name);
}

/** The environment with all defaults, once it is known where in the chain it stands. */
export function settleEnvironment(
    { name, cloud, entry, config, findings }: EnvironmentFile,
    defaultTier: string,
    project: Project,
    shape: Shape,
): Environment {
    const path = [`${project.name}:environment`];
    const { project: cloudProject = "", region = "" } = cloud;
    const derived = (value: string, key: "namespace" | "tier") => {
        judge(shape.properties![key], value, [...path, key], findings);
        return value;
    };
    const own = `${project.name}-${name}`;
    const clusterShape = shape.properties!.clusters.items!;
    const clusters = (entry.clusters ?? [{}]).map((cluster, index): Cluster => {
        const settled = settleCluster(cluster, cloudProject, region, own);
        if (cluster.name === undefined && settled.managed) {
            judge(clusterShape.properties!.name, settled.name, [...path, "clusters", index, "name"], findings);
        }
        return settled;
    });
    refuseNothingLeft(clusters, [...path, "clusters"], findings);
    const commit = config.values.get(`${project.name}:commit`);
    const pins = config.values.get(`${project.name}:pins`);
    const override = readOverride(config, project.name);
    const catalogOf = config.values.get(`${project.name}:catalogOf`);
    return {
        name,
        project: cloudProject,
        region,
        ...(entry.promotesFrom && { promotesFrom: entry.promotesFrom }),
        registry: entry.registry ?? `${region}-docker.pkg.dev/${cloudProject}`,
        tier: entry.tier ?? derived(defaultTier, "tier"),
        namespace: entry.namespace ?? derived(own, "namespace"),
        clusters,
        accepts: entry.accepts ?? "commits",
        ...(entry.hotfixes && { hotfixes: true as const }),
        ...(entry.signed && { signed: true as const }),
        ...readSoak(entry, [...path, "soak"], findings),
        ...(entry.freeze && { freeze: readFreeze(entry.freeze, [...path, "freeze"], findings) }),
        ...(entry.reviewers && { reviewers: entry.reviewers }),
        ...(typeof commit === "string" && { commit }),
        ...(typeof catalogOf === "string" && { catalogOf }),
        ...(override && { override }),
        pins: (typeof pins === "object" ? pins : {}) as Record<string, string>,
    };
}

function settleCluster(entry: ClusterEntry, project: string, ownRegion: string, ownName: string): Cluster {
    const { name = ownName, region = ownRegion, context, wave, suspended } = entry;
    return {
        name,
        region,
        context: context ?? `gke_${project}_${region}_${name}`,
        managed: context === undefined,
        ...(wave !== undefined && { wave }),
        ...(suspended && { suspended }),
    };
}
