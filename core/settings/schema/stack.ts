import { z } from "zod";
import {
    clusterName,
    duration,
    environmentName,
    namespace,
    optional,
    region,
    registryPath,
    repository,
    team,
    text,
    tier,
} from "./names";

const moment = text(
    /^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)|[0-9]{4}-[0-9]{2}-[0-9]{2}) ([01][0-9]|2[0-3]):[0-5][0-9]$/,
    'a day and a time, "Fri 16:00" in every week or "2026-12-24 12:00" once',
);

const window = z
    .strictObject({
        from: moment.meta({ description: "When it begins." }),
        to: moment.meta({ description: "When it ends: that minute is free again." }),
        timezone: optional(
            z.string().min(1).meta({ expected: "a name in the time zone database: Europe/Berlin" }),
            "Time zone of both, with its summer time.",
            { default: "UTC" },
        ),
    })
    .meta({ expected: 'a window: { from: "Fri 16:00", to: "Mon 08:00", timezone: Europe/Berlin }' });

const cluster = z.strictObject({
    region: optional(region, "Region of the cluster.", { default: "`gcp:region`" }),
    name: optional(clusterName, "Name of the cluster.", { default: "`<project>-<environment>`" }),
    context: optional(
        z.string().min(1).meta({ expected: "the name of a kubeconfig context" }),
        "A kubeconfig context: the team has the cluster already, `platform` makes none.",
        { default: "the GKE cluster that `platform` makes" },
    ),
    wave: optional(
        z.int().min(1).meta({ expected: "a whole number from 1 up" }),
        "Place in the order of a promotion: the clusters of a wave begin once all is healthy in the one before it.",
        {
            default: "1",
        },
    ),
    suspended: optional(z.boolean(), "Whether the cluster is left out of every run for now: what it has stays as it is.", {
        default: "false",
    }),
});

/** The `environment` key of `Pulumi.<environment>.yaml`. */
export const environment = z.strictObject({
    promotesFrom: optional(environmentName, "The environment before this one. The first environment, and only it, has none."),
    accepts: optional(
        z.enum(["commits", "releases"]).meta({ expected: "commits or releases" }),
        "What may be promoted to here: any commit that was built, or releases and hotfixes alone.",
        {
            default: "`commits`",
        },
    ),
    clusters: optional(z.array(cluster).min(1).meta({ expected: "a list of at least one cluster" }), "Where the services run.", {
        default: "one cluster in `gcp:region`",
    }),
    namespace: optional(namespace, "Kubernetes namespace of the workloads.", { default: "`<project>-<environment>`" }),
    tier: optional(tier, "Id of the registry repository that feeds this environment.", {
        default: "`develop` first, `stable` last, `release-candidate` before it, else `candidate-<environment>`",
    }),
    registry: optional(registryPath, "Registry that the tier stands in.", {
        default: "`<gcp:region>-docker.pkg.dev/<gcp:project>`",
    }),
    soak: optional(duration, "How long a set must have run in the environment before, until the next run there began.", {
        default: "any healthy run is enough",
    }),
    freeze: optional(
        z.array(window).min(1).meta({ expected: "a list of at least one window" }),
        "When no image may change here. Whatever ran here before may always come back.",
        { default: "never" },
    ),
    hotfixes: optional(
        z.boolean(),
        "Whether a hotfix may come here without having run in the environment before: directly after the first environment only.",
        { default: "false" },
    ),
    signed: optional(
        z.boolean(),
        "Whether only releases come here that a key of `platform.signing.publicKeys` signed; what ran here before may always come back.",
        { default: "false" },
    ),
    reviewers: optional(
        z.array(team).min(1).max(6).meta({ expected: "a list of one to six teams" }),
        "GitHub teams of which one member lets each deployment to here begin. In private repositories that takes GitHub Enterprise.",
        { default: "nobody is asked" },
    ),
});

const signing = z.strictObject({
    key: optional(
        text(
            /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+\/cryptoKeyVersions\/[1-9][0-9]*$/,
            "a version of a Cloud KMS key: projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1",
        ),
        "The version of a Cloud KMS key, for EC_SIGN_P256_SHA256, that signs.",
        { default: "version 1 of the key `releases`, which `platform` makes in its key ring `oneflow`" },
    ),
    publicKeys: optional(
        z.array(z.string()).meta({ expected: "a list of public keys as PEM" }),
        "Public keys as PEM. A release needs the signature of one of them; several are accepted while keys change.",
        { default: "none: the platform makes the key, and no release is signed before its public key is written here" },
    ),
});

/** The `platform` key of a platform stack's file. */
export const platform = z.strictObject({
    environments: z
        .array(environmentName)
        .min(1)
        .meta({ description: "The environments that this stack provisions.", expected: "a list of at least one environment" }),
    operations: optional(
        z.strictObject({
            repository: repository.meta({ description: "The GitHub repository that holds `Pulumi.yaml`, `owner/name`." }),
            branch: optional(z.string().min(1), "Its branch that deployments run from.", { default: "`main`" }),
        }),
        "The operations repository. Needed in the shared platform stack, and only there.",
    ),
    shared: optional(z.boolean(), "Whether this stack owns what exists once. One platform stack does.", { default: "true" }),
    deploy: optional(registryPath, "Registry repository that releases go to.", {
        default: "`<gcp:region>-docker.pkg.dev/<gcp:project>/deploy`",
    }),
    workflowFiles: optional(
        z.enum(["pullRequest", "direct"]).meta({ expected: "pullRequest or direct" }),
        "How workflow files reach the repositories: as a pull request for each branch, or as a commit on it.",
        { default: "`pullRequest`" },
    ),
    signing: optional(signing, "Whether releases are signed, and with which key. `{}` lets the platform make one.", {
        default: "no release is signed",
    }),
    releasers: optional(
        z.array(team).min(1).meta({ expected: "a list of GitHub teams" }),
        "GitHub teams that may create tags `v*` and branches `hotfix/**`.",
        { default: "administrators of the repository" },
    ),
});

export type EnvironmentEntry = z.infer<typeof environment>;
export type FreezeEntry = z.infer<typeof window>;
export type ClusterEntry = z.infer<typeof cluster>;
export type PlatformEntry = z.infer<typeof platform>;
