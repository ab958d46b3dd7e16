import type { Lock } from "./lock";

/** What goes from environment to environment as one unit, and what others deploy without oneflow. Never changed. */
export interface Release {
    /** Name of the Pulumi project: what the release is called in the deploy registry and as a chart, in lower case. */
    project: string;
    /** `1.4.0`, `1.5.0-rc.1`: SemVer without the tag's `v`. */
    version: string;
    /** Registry host and path that the images and the release stand under. */
    deploy: string;
    /** The images, all of them, and the catalog that is rendered. */
    lock: Lock;
    /** The environment that chart and kustomization are rendered for: its overrides and labels, and the secrets of its project. */
    target: ReleaseTarget;
}

export interface ReleaseTarget {
    environment: string;
    /** Google Cloud project whose Secret Manager is meant. */
    cloudProject: string;
    /** Namespace of the kustomization. The chart goes where Helm is told to. */
    namespace: string;
}

export const releaseSchema = "oneflow.dev/release/v1";

/** By these Helm knows a chart in a registry; it fetches no layer of another type. */
export const chartConfigType = "application/vnd.cncf.helm.config.v1+json";
export const chartLayerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
export const kustomizationLayerType = "application/vnd.oneflow.kustomization.v1.tar+gzip";

/** Name of the chart, and of the repository in the deploy registry. */
export function releaseName(project: string): string {
    return project.toLowerCase();
}

/** Repository of a project's releases: what Helm is given as `oci://…`. */
export function releaseRepository(deploy: string, project: string): string {
    return `${deploy}/${releaseName(project)}`;
}
