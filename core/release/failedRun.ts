import type { RunRecord } from "./runRecord";

/** A deployment whose rollout failed: written by whoever deployed, never changed. No rule of promotion reads it. */
export interface FailedRun {
    schema: typeof failedRunSchema;
    environment: string;
    /** What the environment's config asked for, `latest` resolved. */
    request: RunRecord["request"];
    /** Key of the set that was to run. */
    set: string;
    /** Identity of what was asked for, settings and services included: 64 hex digits. The same again fails again. */
    asked: string;
    /** What did not come up. */
    failures: readonly RolloutFailure[];
    /** When it had failed, ISO 8601 in UTC with seconds. */
    at: string;
    by: string;
    /** Commit of the operations repository's checkout. @default - not known: not a git checkout */
    operations?: string;
    /** Why it was deployed, in the words of whoever ran it. @default - none given */
    reason?: string;
}

/** A resource that could not be brought where it should be. */
export interface RolloutFailure {
    /** `Deployment europe-west1-checkoutservice` */
    resource: string;
    /** What its provider said, in lines. */
    message: string;
}

export const failedRunSchema = "oneflow.dev/failed-run/v1";
/** `artifactType` of a failed run in a registry. */
export const failedRunArtifactType = "application/vnd.oneflow.failed-run.v1+json";
