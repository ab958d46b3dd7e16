import type { Delivery, Environment } from "../settings/model";
import { stateBucket, stateKey, stateKeyName, stateKeyRing } from "../settings/state";
import { stackFile } from "../settings/stackFile";

/** A stack with the place of its state and its key. */
export interface BootstrapStack {
    name: string;
    /** Google Cloud project. */
    project: string;
    region: string;
    /** Whether its file has the lines that `pulumi stack init` writes: the provider of its key, and the key. */
    initialised: boolean;
}

/** Something that must be there before the first `pulumi up`. */
export interface BootstrapStep {
    /** What is there afterwards: `bucket acme-dev-pulumi-dev`. */
    title: string;
    /** Program and arguments that tell whether it is there already. It changes nothing, and fails only where it cannot tell. */
    check: readonly string[];
    /** Whether what the check printed says so. */
    isThere(printed: string): boolean;
    /** Program and arguments that make it. Absent: oneflow does not make it. */
    make?: readonly string[];
    /** Variables for both. */
    variables?: Readonly<Record<string, string>>;
    /** What to do where it is not there and cannot be made. */
    remedy: string;
}

/** A cloud key is rotated so often; data that older versions encrypted stays readable. */
const rotationDays = 90;

/** The stacks of a project: where each one's state is, as `oneflow env` says. */
export function bootstrapStacks(
    { delivery, environments }: { delivery: Pick<Delivery, "project" | "region">; environments: readonly Environment[] },
    platforms: readonly string[],
    initialised: ReadonlySet<string>,
): BootstrapStack[] {
    const { project, region } = delivery;
    return [...platforms.map((name) => ({ name, project, region })), ...environments]
        .map((stack) => ({ name: stack.name, project: stack.project, region: stack.region }))
        .map((stack) => ({ ...stack, initialised: initialised.has(stack.name) }));
}

/**
 * What cannot be Pulumi's, in order: Pulumi keeps its state in the buckets and opens it with the keys.
 *
 * The projects themselves come first, so that a misspelt one stops everything before the first change.
 *
 * @param now decides when the keys are first rotated
 */
export function bootstrapSteps(stacks: readonly BootstrapStack[], now: Date): BootstrapStep[] {
    const projects = [...new Set(stacks.map(({ project }) => project))];
    const rings = new Map(stacks.map((stack) => [`${stack.project} ${stack.region}`, stack]));
    return [
        ...projects.map((project) => projectStep(project, stacks)),
        ...projects.map(apisStep),
        ...[...rings.values()].map(keyRingStep),
        ...stacks.flatMap((stack) => [bucketStep(stack), versioningStep(stack), keyStep(stack, now)]),
        ...stacks.map(initStep),
    ];
}

function projectStep(project: string, stacks: readonly BootstrapStack[]): BootstrapStep {
    const files = stacks.filter((stack) => stack.project === project).map(({ name }) => stackFile(name));
    return {
        title: `project ${project}`,
        check: ["gcloud", "projects", "describe", project, "--format=value(projectId)"],
        isThere: (printed) => printed.trim() === project,
        remedy: [
            `correct gcp:project in ${files.join(" or ")}`,
            `or make it: gcloud projects create ${project} && gcloud billing projects link ${project} --billing-account <id>`,
        ].join("\n"),
    };
}

/** Without the first two Pulumi can enable nothing; the others are for state and keys. */
const apis = ["serviceusage", "cloudresourcemanager", "storage", "cloudkms"].map((api) => `${api}.googleapis.com`);

function apisStep(project: string): BootstrapStep {
    return {
        title: `APIs of ${project}`,
        check: ["gcloud", "services", "list", "--enabled", "--project", project, "--format=value(config.name)"],
        isThere: (printed) => apis.every((api) => lines(printed).includes(api)),
        make: ["gcloud", "services", "enable", ...apis, "--project", project],
        remedy: `the project needs billing, and you the role roles/serviceusage.serviceUsageAdmin on it`,
    };
}

function keyRingStep({ project, region }: BootstrapStack): BootstrapStep {
    const where = ["--project", project, "--location", region];
    return {
        title: `key ring ${stateKeyRing} of ${project} in ${region}`,
        check: ["gcloud", "kms", "keyrings", "list", ...where, "--format=value(name)"],
        isThere: (printed) => lines(printed).some((name) => name.endsWith(`/keyRings/${stateKeyRing}`)),
        make: ["gcloud", "kms", "keyrings", "create", stateKeyRing, ...where],
        remedy: "you need roles/cloudkms.admin on the project; an API that was just enabled may take a minute",
    };
}

function bucketStep({ name, project, region }: BootstrapStack): BootstrapStep {
    const bucket = stateBucket(project, name);
    return {
        title: `bucket ${bucket}`,
        // A bucket's name is taken world-wide: only the project's own list tells whose it is.
        check: ["gcloud", "storage", "buckets", "list", "--project", project, "--format=value(name)"],
        isThere: (printed) => lines(printed).includes(bucket),
        make: [
            ...["gcloud", "storage", "buckets", "create", `gs://${bucket}`, "--project", project, "--location", region],
            ...["--uniform-bucket-level-access", "--public-access-prevention"],
        ],
        remedy: [
            "you need roles/storage.admin on the project",
            `where it says that the name is taken, another project of the world has it: choose another gcp:project in ${stackFile(name)}`,
        ].join("\n"),
    };
}

function versioningStep({ name, project }: BootstrapStack): BootstrapStep {
    const bucket = `gs://${stateBucket(project, name)}`;
    return {
        title: `earlier states kept in ${bucket}`,
        check: ["gcloud", "storage", "buckets", "describe", bucket, "--format=value(versioning_enabled)"],
        isThere: (printed) => /^true$/i.test(printed.trim()),
        make: ["gcloud", "storage", "buckets", "update", bucket, "--versioning"],
        remedy: "you need roles/storage.admin on the project",
    };
}

function keyStep({ name, project, region }: BootstrapStack, now: Date): BootstrapStep {
    const where = ["--keyring", stateKeyRing, "--project", project, "--location", region];
    const next = new Date(now.getTime() + rotationDays * 24 * 3600 * 1000).toISOString().replace(/\.\d+Z$/, "Z");
    return {
        title: `key ${stateKeyName(name)} of ${project}`,
        check: ["gcloud", "kms", "keys", "list", ...where, "--format=value(name)"],
        isThere: (printed) => lines(printed).some((one) => one.endsWith(`/cryptoKeys/${stateKeyName(name)}`)),
        make: [
            ...["gcloud", "kms", "keys", "create", stateKeyName(name), ...where, "--purpose", "encryption"],
            ...["--rotation-period", `${rotationDays}d`, "--next-rotation-time", next],
        ],
        remedy: "you need roles/cloudkms.admin on the project",
    };
}

function initStep(stack: BootstrapStack): BootstrapStep {
    const { name, project, initialised } = stack;
    const provider = `gcpkms://${stateKey(stack, name)}`;
    return {
        title: `stack ${name}`,
        check: ["pulumi", "stack", "ls", "--json"],
        // A stack without its lines in this checkout cannot be opened from it: making it again says so.
        isThere: (printed) => initialised && stackNames(printed).includes(name),
        make: ["pulumi", "stack", "init", name, "--secrets-provider", provider],
        variables: { PULUMI_BACKEND_URL: `gs://${stateBucket(project, name)}` },
        remedy: [
            "you need roles/cloudkms.cryptoKeyEncrypterDecrypter on the key, and: gcloud auth application-default login",
            `where the stack exists already, somebody has the lines of ${stackFile(name)} that open it: take them from there`,
        ].join("\n"),
    };
}

/** A stack is `dev`, or `organization/acme-shop/dev` where the backend says all of it. */
function stackNames(printed: string): string[] {
    const listed = JSON.parse(printed || "[]") as { name: string }[];
    return listed.map(({ name }) => name.slice(name.lastIndexOf("/") + 1));
}

function lines(printed: string): string[] {
    return printed.split("\n").map((line) => line.trim());
}
