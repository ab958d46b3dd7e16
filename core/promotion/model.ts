import type { Problem } from "../refusal";
import type { Digest } from "../registry/reference";
import type { DatabaseSchema } from "../release/databaseSchema";
import type { ImageSet, Lock, LockedImage } from "../release/lock";
import type { ReleasePlace } from "../release/releaseStore";
import type { RunRecord } from "../release/runRecord";
import type { Signatures } from "../release/signatureStore";
import type { Catalog, Environment } from "../settings/model";
import type { PublicKey } from "../signing/publicKey";
import type { Migrations } from "./migrations";

/** What an environment's config asks for. */
export interface PromotionRequest {
    environment: Environment;
    /** The environment that {@link Environment.promotesFrom} names. Absent in the first. */
    before?: Environment;
    /** What will be rendered: the checkout's catalog, or that of an earlier run. */
    catalog: Catalog;
    /** The checkout's, where {@link catalog} is that of an earlier run: what is known of databases by now. Absent: the same. */
    checkout?: Catalog;
    /** Full commit SHA; `latest` has been resolved. Not read where a release is asked for: its lock names the commit. */
    commit: string;
    /** Service → full commit SHA. */
    pins: Readonly<Record<string, string>>;
    /** The release that was asked for, `v1.4.0`. Absent: a commit was. */
    release?: string;
    /** Where releases stand. Absent: no release is asked for. */
    releases?: ReleasePlace;
    /** Keys of which one must have signed, where the environment asks for it. Absent: it does not, or there are none. */
    signers?: readonly PublicKey[];
    /** Rules that somebody answers for this once. Absent: none. */
    override?: Override;
}

/** Rules that do not hold for one promotion, and why. */
export interface Override {
    /** {@link Rule.name} of each. */
    rules: readonly string[];
    /** In the words of whoever answers for it. */
    reason: string;
}

/** When something ran: between a healthy run and the next run there. */
export interface Stretch {
    /** Key of a set, or `<image name>@<digest>` of a single image. */
    what: string;
    /** ISO 8601 in UTC with seconds. */
    from: string;
    /** The next run's. Absent: no other run came since. */
    to?: string;
}

/** What git says of a commit that a hotfix was built from. */
export interface HotfixFact {
    /** Whether it stands on the release that its lock names. Absent: the checkout cannot tell. */
    descends?: boolean;
}

/** What the checkout's git says of a commit that a lock names. */
export interface CheckoutFact {
    /** Whether the branch that is checked out contains the commit. Absent: the checkout is shallow, so it cannot tell. */
    contains?: boolean;
    /** Of a release: the commit that its git tag names. Absent: the checkout has no such tag. */
    tagged?: string;
}

/** What the registry says, read before anything is judged. Facts decide nothing. */
export interface PromotionFacts {
    /** Every ref that the request names → its lock, or nothing where it has none: in the source tier and the own tier, or as a release. */
    locks: Readonly<Record<string, Lock | undefined>>;
    /** The newest healthy run record here. Absent: nothing ran here yet, so everything is a transition. */
    current?: RunRecord;
    /** Keys of sets with a healthy run record in this environment, of those that the rules may ask for. */
    ranHere: ReadonlySet<string>;
    /** Single images with a healthy run in this environment, as `<image name>@<digest>`, of those whose `migrate` might run. Absent: none. */
    imagesRanHere?: ReadonlySet<string>;
    /** Service → where the schema of its database stands here, of those that may have one. Absent: none has. */
    schemas?: Readonly<Record<string, DatabaseSchema | undefined>>;
    /** Keys of sets with a healthy run record in the environment before, of those that the rules may ask for. */
    ranBefore: ReadonlySet<string>;
    /** Single images with a healthy run in the environment before, as `<image name>@<digest>`, of those that the rules may ask for. */
    imagesRanBefore: ReadonlySet<string>;
    /** When what the rules may ask to have soaked ran in the environment before, newest first. */
    stretchesBefore: readonly Stretch[];
    /** Ref → what is known of it, of those whose lock says that they are hotfixes. */
    hotfixes: Readonly<Record<string, HotfixFact>>;
    /** Ref → what the checkout knows of its commit, of those that are commits of the checkout's own repository. Absent: of none. */
    checkout?: Readonly<Record<string, CheckoutFact>>;
    /** Release → who signed it, of those that the rules may ask for. Absent: of none. */
    signatures?: Readonly<Record<string, Signatures>>;
    /** When this is judged, ISO 8601 in UTC. */
    now: string;
    /** Image name → what the tags that matter mean now, in the source tier and in the own tier. */
    tags: readonly TagFact[];
    /** `<image name>@<digest>` of those images that neither the source tier nor the own tier has. */
    missing: ReadonlySet<string>;
    /**
     * Newest commits that could be asked for instead, newest first: they have a lock and, but for the first environment, ran before.
     * Where a release is asked for, or the environment takes nothing else: releases whose set did.
     */
    alternatives: readonly string[];
    /** The newest releases that are there, newest first, where the one that is asked for is not. Absent: it is there, or none is asked for. */
    releases?: readonly string[];
}

/** One tag, read from a registry. */
export interface TagFact {
    image: string;
    /** Address of the tier that the tag stands in, registry and tier; of a release that of the deploy registry. */
    tier: string;
    /** A full commit SHA, or a release. */
    tag: string;
    digest: Digest;
}

/** How a set stands to what ran in the environment. */
export type Direction = "first" | "forward" | "rollback" | "unchanged";

/** What will run, decided before the first resource is registered. */
export interface Plan {
    environment: Environment;
    /**
     * The commit of a release is the one that its lock names. It is empty where services of the working copy run before anything was
     * built.
     */
    request: Pick<PromotionRequest, "commit" | "release" | "pins" | "override">;
    direction: Direction;
    /** Image name → what it will run. */
    images: Readonly<Record<string, PlannedImage>>;
    set: ImageSet;
    /** {@link setKey} of the set. */
    key: string;
    /** Images whose digest changes, by name; those that leave the environment included. */
    transitions: readonly Transition[];
    /** Image name → the release that it comes with, or came with when it changed last, of those that did. Absent: none did. */
    releases?: Readonly<Record<string, string>>;
    migrations: Migrations;
    /** Service → where the schema of its database stands once its `migrate` has run. Absent: no service declares a schema. */
    schemas?: Readonly<Record<string, DatabaseSchema>>;
    /** Services of the catalog that the lock does not have: reported, not deployed. */
    pending: readonly string[];
    /** Services that are built from the working copy, sorted: no digest of theirs is known yet, and no run is recorded. Absent: none. */
    local?: readonly string[];
    /** Images whose services leave the environment, sorted: to be confirmed by whoever promotes. Absent: none. */
    removals?: readonly string[];
    /** Locks whose artifacts travel with the images: commit → lock. */
    locks: Readonly<Record<string, Lock>>;
    /** What a reader of the preview should know, a sentence each: pins, pending services, removals. */
    notes: readonly string[];
    /** The newest healthy run here: what a rollout that fails goes back to. Absent: nothing ran here yet. */
    current?: Pick<RunRecord, "request" | "set" | "at">;
}

export type PlannedImage = LockedImage & {
    /** The ref of the request that chose it: the environment's commit or release, or the service's pin. */
    ref: string;
    pinned: boolean;
};

export interface Transition {
    image: string;
    /** Absent: the image comes into the environment. */
    from?: Digest;
    /** Absent: the image leaves the environment. */
    to?: Digest;
}

/** Either everything is allowed, or all reasons why it is not. */
export type Decision = { plan: Plan } | { problems: readonly Problem[] };
