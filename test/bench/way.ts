import type { Manifest } from "../../sandbox/kubernetes/clusterClient";

/** What is measured of every way, in the order in which it happens. */
export const steps = ["create", "change", "repeat"] as const;

/** `create`: into an empty namespace. `change`: one service has another image. `repeat`: nothing is different. */
export type Step = (typeof steps)[number];

/** What a step took, in seconds. */
export interface Taken {
    wall: number;
    /** Of the engine and of every process that it started. Absent where no engine ran. */
    cpu?: number;
}

/** A way of bringing the services to a namespace of its own, until all of them run. */
export interface Way {
    readonly name: WayName;
    readonly namespace: string;
    /**
     * @param objects what is to stand in the namespace afterwards
     * @throws Error where it did something else than the step is about
     */
    deploy(step: Step, objects: readonly Manifest[]): Promise<Taken>;
    /** Empties the namespace. */
    remove(): Promise<void>;
}

export type WayName = "oneflow" | "plain" | "kubectl" | "helm";

/** A workload, as far as the ways look into it. */
export interface Deployment extends Manifest {
    spec: { replicas: number; template: { spec: { containers: { name: string; image: string }[] } } };
}

export function deployments(objects: readonly Manifest[]): Deployment[] {
    return objects.filter(({ kind }) => kind === "Deployment") as Deployment[];
}

/** The objects as they stand in another namespace. */
export function movedTo(namespace: string, objects: readonly Manifest[]): Manifest[] {
    return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}
