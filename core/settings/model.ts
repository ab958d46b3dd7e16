import type { Digest } from "../registry/reference";
import type { PublicKey } from "../signing/publicKey";

/** Everything that the files and the stack's config say, validated, with all defaults filled in. Immutable. */
export interface Settings {
    /** Name of the Pulumi project: the namespace of the config keys and the prefix of names in the cloud. */
    project: string;
    /** The stack that this value was read for. */
    stack: string;
    catalog: Catalog;
    /** What all environments share: the deploy registry's project, the operations repository. */
    delivery: Delivery;
    /** Every environment that a platform stack lists, in promotion order: an environment stands after the one it promotes from. */
    environments: readonly Environment[];
    /** What the stack is: a platform under some of the environments, or one of them. */
    target: PlatformTarget | EnvironmentTarget;
}

export interface PlatformTarget {
    kind: "platform";
    /** The environments that this platform stack provisions. */
    environments: readonly Environment[];
    /** Whether this platform stack owns what exists once: deploy registry, workload identity, GitHub. */
    shared: boolean;
}

export interface EnvironmentTarget {
    kind: "environment";
    environment: Environment;
}

/** What exists once for all environments, from the shared platform stack's file. */
export interface Delivery {
    /** Google Cloud project of the deploy registry and the identity pool. */
    project: string;
    region: string;
    /** Where releases go: registry host and path up to and including the `deploy` repository. */
    deploy: string;
    /** The repository that holds `Pulumi.yaml`. */
    operations: { repository: string; branch: string };
    /** How workflow files reach a branch. Absent: as a pull request. */
    workflowFiles?: "direct";
    /** GitHub teams, `owner/team-slug`, that may create release tags and hotfix branches. Absent: a repository's administrators. */
    releasers?: readonly string[];
    /** How releases are signed. Absent: they are not. */
    signing?: Signing;
}

/** Who signs releases, and whose signature environments take. */
export interface Signing {
    /** Version of the Cloud KMS key that signs: `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1`. */
    key: string;
    /** Keys of which one must have signed: more than one while keys change. Empty until the key is made. */
    publicKeys: readonly PublicKey[];
}

export interface Environment {
    /** Name of the environment and of its stack. */
    name: string;
    /** Google Cloud project. */
    project: string;
    /** Google Cloud region, for example `europe-west1`. */
    region: string;
    /** The environment before this one. Absent in the first. */
    promotesFrom?: string;
    /** Registry host and path that the tier's repositories stand under: `europe-west1-docker.pkg.dev/acme-dev`. */
    registry: string;
    /** Id of the registry repository that feeds this environment: `develop`, `release-candidate`, `stable`. */
    tier: string;
    /** Kubernetes namespace of the workloads. */
    namespace: string;
    clusters: readonly Cluster[];
    /** What may be promoted to here. */
    accepts: "commits" | "releases";
    /** How long, in seconds, a set must have run in the environment before. Absent: any healthy run there is enough. */
    soakSeconds?: number;
    /** When no image may change here. Absent: never. */
    freeze?: readonly FreezeWindow[];
    /** Whether a hotfix may come here without having run in the environment before. Absent: it may not. */
    hotfixes?: true;
    /** Whether only releases come here that an accepted key signed. Absent: what comes need not be signed. */
    signed?: true;
    /** What should run: a full commit SHA, a release `v1.4.0`, or `latest` in the first environment. Absent: nothing is deployed. */
    commit?: string;
    /** GitHub teams, `owner/team-slug`, of which one member lets each deployment begin. Absent: nobody is asked. */
    reviewers?: readonly string[];
    /** Services held at a commit of their own: service → full commit SHA. */
    pins: Readonly<Record<string, string>>;
    /** Tag of a healthy run here whose services are rendered as they were then. Absent: this checkout's `services.yaml` is. */
    catalogOf?: string;
    /** Rules that somebody answers for, reviewed with what is asked for. Absent: none. */
    override?: StandingOverride;
}

/** Rules that do not hold for one promotion. */
export interface StandingOverride {
    /** What is asked for by the promotion that it is for: the file's `commit`, and behind it each pin as ` service@sha`. */
    for: string;
    rules: readonly string[];
    /** In the words of whoever answers for it. */
    reason: string;
}

/** From a minute until the one at which all is free again: `Fri 16:00` in every week, or `2026-12-24 12:00` once. */
export interface FreezeWindow {
    from: string;
    to: string;
    /** Name of the time zone of both. */
    timezone: string;
}

export interface Cluster {
    /** Name of the cluster in its project and region. */
    name: string;
    region: string;
    /** The kubeconfig context that reaches it. */
    context: string;
    /** Whether `platform` makes it as a GKE cluster; else the team has it already and names its context. */
    managed: boolean;
    /** Place in the order of a promotion, a whole number from 1 up. @default 1 */
    wave?: number;
    /** Whether no run touches it for now: what runs there stays as it is. Absent: it is deployed to. */
    suspended?: true;
}

/** The services of `services.yaml`, defaults applied. */
export interface Catalog {
    services: Readonly<Record<string, Service>>;
}

/**
 * `service` has ports, `worker` has none, `cron` runs by its schedule to its end, `stateful` has ports, and pods that keep their
 * names and volumes.
 */
export type ServiceKind = "service" | "worker" | "cron" | "stateful";

export interface Service {
    name: string;
    kind: ServiceKind;
    image: BuiltImage | ThirdPartyImage;
    /** `local`: built from the working copy, in the first environment only. Absent: the pipeline builds it, or others did. */
    build?: "local";
    /** Ports that the container listens on and the Service offers, in the order of the file. Empty for a worker and a cron. */
    ports: readonly Port[];
    probes: { startup?: Probe; readiness?: Probe; liveness?: Probe };
    command?: readonly string[];
    args?: readonly string[];
    env: Readonly<Record<string, EnvValue>>;
    /** Files of the container: absolute path → text. Absent: none but the image's. */
    files?: Readonly<Record<string, string>>;
    /** Requests and limits as Kubernetes quantities. */
    resources: { requests: Resources; limits: Resources };
    replicas: number;
    /** Bounds for the number of pods: with them, `replicas` says nothing. */
    autoscale?: Autoscale;
    /** When a cron runs. Every cron has one. */
    schedule?: Schedule;
    volumes: readonly Volume[];
    init: readonly InitContainer[];
    expose?: Exposure;
    /** Annotations of the pods. */
    annotations: Readonly<Record<string, string>>;
    /** How long a pod may take to end. @default 30 in the file's absence */
    terminationGracePeriodSeconds: number;
    /** Numeric user and group of the process, and group of its volumes. Absent: what the image says, which must not be root. */
    user?: number;
    /** Services of the catalog that this one calls. Absent: none. */
    calls?: readonly string[];
    /** Whether its pods may call whatever is no service of the catalog. Absent: they may not. */
    unrestrictedEgress?: true;
    /** Services whose rollout ends before this one's begins. Absent: none. */
    after?: readonly string[];
    /** Runs with the new image before its rollout, where a promotion moves it forward. */
    migrate?: Job;
    /** Label of the database schema that this version was written for. Absent: nothing is known of its database. */
    schema?: string;
    /** Labels of earlier schemas whose versions can run on {@link schema} too; `none` for versions without a label. Absent: none can. */
    compatibleWith?: readonly string[];
    /** Runs with the new image after its rollout: the promotion is healthy only if it succeeds. */
    verify?: Job;
    /** Email of the Google service account that the pods act as. Absent: none. */
    identity?: string;
    /** Kubernetes objects that the service brings: they say how it runs, and what describes pods here says nothing. Absent: none. */
    manifests?: BroughtManifests;
    /** What differs in one environment: environment → the fields of this very type that it replaces or, for `env` and `files`, adds. */
    environments: Readonly<Record<string, ServiceOverride>>;
}

export type ServiceOverride = Partial<
    Pick<Service, "replicas" | "autoscale" | "resources" | "env" | "files" | "annotations" | "identity">
>;

/** The text of an environment variable, or where it is kept: never a secret's value. */
export type EnvValue = string | SecretKey | SecretVersion;

/** A key of a Kubernetes Secret in the environment's namespace. */
export interface SecretKey {
    secret: string;
    key: string;
}

/** A version of a secret that Secret Manager keeps, in the environment's Google Cloud project. */
export interface SecretVersion {
    secretManager: string;
    /** By number: an alias such as `latest` would change what runs without a promotion. */
    version: number;
}

/** An image that a repository's pipeline builds. */
export interface BuiltImage {
    from: "source";
    /** `owner/name` on GitHub. */
    repository: string;
    /** Folder in the repository: the build context. */
    path: string;
    /** Path of the Dockerfile in the build context. */
    dockerfile: string;
    /** Build arguments. */
    args: Readonly<Record<string, string>>;
    /** Further folders of the repository whose change changes the image. */
    alsoBuildFrom: readonly string[];
}

/** An image that others build, named by digest and mirrored. */
export interface ThirdPartyImage {
    from: "thirdParty";
    /** As in the file: `redis:8.2@sha256:…`. */
    source: string;
    digest: Digest;
}

/** A service's own manifests, as its files give them. */
export interface BroughtManifests {
    /** The folder, seen from `services.yaml`. */
    folder: string;
    objects: readonly BroughtObject[];
    /** Third-party images in them, by the second part of their image name: `envoyproxy/envoy` of `billing/envoyproxy/envoy`. */
    images: Readonly<Record<string, ThirdPartyImage>>;
    /** Ports of the pods that take requests from outside the cluster. */
    open: readonly Port[];
}

/** A Kubernetes object of any kind, as JSON. */
export interface BroughtObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly [field: string]: unknown };
    readonly [field: string]: unknown;
}

export interface Port {
    name: string;
    /** Port of the Kubernetes Service. */
    port: number;
    /** Port of the container. */
    target: number;
    /** @default TCP */
    protocol?: "UDP" | "SCTP";
}

export interface Probe {
    check:
        | { grpc: { port: number } }
        | { tcp: { port: number } }
        | { http: { port: number; path: string; headers: Readonly<Record<string, string>> } }
        | { exec: readonly string[] };
    initialDelaySeconds?: number;
    periodSeconds?: number;
    timeoutSeconds?: number;
    failureThreshold?: number;
}

export interface Resources {
    cpu?: string;
    memory?: string;
}

/** A folder: an empty one that lives as long as the pod, or what a Secret holds. */
export interface Volume {
    name: string;
    mountPath: string;
    /** Upper bound as a Kubernetes quantity. */
    sizeLimit?: string;
    /** Whether the folder is held in memory. */
    memory: boolean;
    /** Name of the Kubernetes Secret whose keys are the folder's files. Absent: the folder is empty at first. */
    secret?: string;
    /** File → the version of a secret that Secret Manager keeps, which is in it. Absent: the folder is empty at first. */
    versions?: Readonly<Record<string, SecretVersion>>;
    /** A volume of each pod's own, of a stateful service, that outlives the pod. Absent: the folder goes with the pod. */
    claim?: VolumeClaim;
}

export interface VolumeClaim {
    /** As a Kubernetes quantity. */
    size: string;
    /** Absent: the cluster's default one. */
    storageClass?: string;
}

export interface Autoscale {
    min: number;
    max: number;
    /** Percentage of the reserved CPU that the pods are held at. */
    cpu: number;
}

export interface Schedule {
    /** Minute, hour, day of month, month, day of week; or `@daily` and the like. */
    cron: string;
    /** Name of a time zone. Absent: UTC. */
    timezone?: string;
}

export interface InitContainer {
    name: string;
    image: ThirdPartyImage;
    command?: readonly string[];
    args?: readonly string[];
    env: Readonly<Record<string, EnvValue>>;
}

/** A container of the service's own image that runs to its end. */
export interface Job {
    command?: readonly string[];
    args?: readonly string[];
    /** Added to the service's variables. */
    env: Readonly<Record<string, EnvValue>>;
    /** How long it may take, further tries included. */
    timeoutSeconds: number;
}

/** What brings traffic from outside the cluster. */
export interface Exposure {
    /** A second Service, `internal` from the cloud's own network alone; or a route by host name. */
    type: "loadBalancer" | "internal" | "gateway";
    /** Name of that Service or route. */
    name: string;
    /** Ports of that Service; of a route, the one port of the service that it leads to. */
    ports: readonly Port[];
    /** Of a route. */
    route?: Route;
}

export interface Route {
    host: string;
    /** The Gateway that it hangs on: one that is there, or one of its own with a certificate from a Secret. */
    gateway: { name: string; namespace?: string } | { tls: string; class: string };
}
