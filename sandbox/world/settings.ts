import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Layout } from "./layout";

/** What stands behind the clusters of a world: control planes of Kubernetes, or a double that plays them from files. */
export type KubernetesChoice = (typeof kubernetesChoices)[number];

export const kubernetesChoices = ["double", "real"] as const;

/** What was decided when a world was made. */
export interface WorldSettings {
    kubernetes: KubernetesChoice;
    /** Docker daemon that workflows build images with, `unix:///…`. @default - none: the sandbox builds them */
    dockerHost?: string;
    /** BuildKit that they build with rather than with a Docker daemon, `unix:///…`. @default - none */
    buildkitHost?: string;
    /** What the organisation delivers. @default Online Boutique, from one repository that holds the settings too */
    delivers?: Delivered;
}

export interface Delivered {
    /** The repository of the settings, `owner/name`. */
    operations: string;
    /** Text of `services.yaml`. Its sources may stand in repositories of their own. */
    catalog: string;
}

export function readWorldSettings({ settings }: Layout): WorldSettings {
    return existsSync(settings) ? (JSON.parse(readFileSync(settings, "utf8")) as WorldSettings) : { kubernetes: "double" };
}

export function writeWorldSettings(layout: Layout, settings: WorldSettings): void {
    writeFileSync(layout.settings, JSON.stringify(settings));
}
