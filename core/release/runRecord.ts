import type { Catalog, Cluster } from "../settings/model";
import type { LockedImage } from "./lock";

/** What ran in an environment, when and why: written when everything was healthy, never changed. */
export interface RunRecord {
    schema: typeof runRecordSchema;
    environment: string;
    /** What the environment's config asked for. */
    request: {
        commit: string;
        /** The release that was asked for, `v1.4.0`; then the commit is the one that its lock names. @default - a commit was */
        release?: string;
        pins: Readonly<Record<string, string>>;
        /** Rules that would have refused it, had nobody answered for them. @default - none */
        override?: { rules: readonly string[]; reason: string };
    };
    /** Key of the set of {@link images}. */
    set: string;
    images: Readonly<Record<string, LockedImage>>;
    /** Image name → the release that it came with, of those that came with one. @default - none did */
    releases?: Readonly<Record<string, string>>;
    /** The catalog that was rendered: what a rollback with the settings of then renders again. */
    catalog: Catalog;
    /** Services whose `migrate` ran when their version came, sorted. @default - none */
    migrated?: readonly string[];
    /** Service → label of the schema that its database was at, of those that declare one. @default - none does */
    schemas?: Readonly<Record<string, string>>;
    /** Where it ran: without the clusters that were suspended. */
    clusters: readonly Pick<Cluster, "name" | "region" | "context">[];
    namespace: string;
    /** When the last workload was healthy, ISO 8601 in UTC with seconds. */
    at: string;
    /** Who ran the deployment. */
    by: string;
    /** Commit of the operations repository's checkout. @default - not known: not a git checkout */
    operations?: string;
    /** Why, in the words of whoever ran it. @default - none given */
    reason?: string;
}

export const runRecordSchema = "oneflow.dev/run/v1";
/** `artifactType` of a run record in a registry. */
export const runRecordArtifactType = "application/vnd.oneflow.run.v1+json";
