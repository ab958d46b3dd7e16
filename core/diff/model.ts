import type { Direction, Transition } from "../promotion/model";
import type { Problem } from "../refusal";

/** What a promotion would do, and what is said against it. Reading it changes nothing. */
export interface PromotionDiff {
    environment: string;
    /** What was asked for when the environment last ran healthy, and when that was. Absent: nothing ran there yet. */
    from?: { ref: string; at: string };
    /** What would be asked for, in the words of the stack file: `v1.4.0`, and each pin behind it as ` cart@<sha>`. */
    to: string;
    /** Whether it would be done. */
    allowed: boolean;
    /** All reasons why it would be refused. Empty: it is allowed. */
    refusals: readonly Problem[];
    /** What would come of it. Absent: something is not there to be looked at, and the refusals say what. */
    outcome?: Outcome;
}

export interface Outcome {
    direction: Direction;
    /** Images whose digest would change, by name. */
    images: readonly ImageChange[];
    /** How many images stay as they are. */
    staying: number;
    /** Kubernetes objects that would change, in each of {@link clusters}. */
    objects: readonly ObjectChange[];
    /** Names of the clusters. */
    clusters: readonly string[];
    /** Services whose `migrate` would run before their rollout. */
    migrations: readonly string[];
    /** Images whose services would leave the environment: to be confirmed. */
    removals: readonly string[];
    /** Services of the catalog that would not be deployed yet. */
    pending: readonly string[];
    /** What else is to be known, a sentence each. */
    notes: readonly string[];
    /** What a rollout that fails would go back to, or why it would go back to nothing. */
    wayBack: string;
}

export type ImageChange = Transition & {
    /** Commit or reference that it comes from. Absent: it leaves. */
    origin?: string;
    /** Which commits of its paths that means. Absent: it comes, leaves, or no commit built it. */
    history?: PathHistory;
};

export type PathHistory =
    /** Newest first: those that come in, and those that go away again. */
    | { added: readonly LoggedCommit[]; takenBack: readonly LoggedCommit[] }
    /** Why nobody knows here. */
    | { unknown: string };

export interface LoggedCommit {
    commit: string;
    /** First line of its message. */
    title: string;
}

export interface ObjectChange {
    /** `Deployment checkoutservice` */
    object: string;
    change: "added" | "removed" | "changed";
    /** Fields that differ. Of an object that comes or goes: all of it, as one. */
    fields: readonly FieldChange[];
}

export interface FieldChange {
    /** `spec.replicas`, `spec.template.spec.containers[server].env[PORT].value`; empty for the whole object. */
    path: string;
    /** Absent: there was none. */
    before?: unknown;
    /** Absent: there would be none. */
    after?: unknown;
    /** Whether it says no more than that another image runs: its reference, or the commit that built it. */
    isImage: boolean;
}
