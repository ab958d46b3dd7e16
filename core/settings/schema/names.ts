import { z } from "zod";

/** A text of a given form; `expected` is what a person reads when it does not have it, after "is not". */
export function text(pattern: RegExp, expected: string, longest?: number) {
    const schema = z.string().regex(pattern);
    return (longest === undefined ? schema : schema.max(longest)).meta({ expected });
}

/** A key that may be absent. `default` says in words what is meant then. */
export function optional<T extends z.ZodType>(schema: T, description: string, more: { default?: string } = {}) {
    return schema.optional().meta({ description, ...(more.default ? { absent: more.default } : {}) });
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
// A Service's name is an RFC 1035 label: no digit first.
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

// A pod is named <deployment>-<10 characters>-<5 characters>, and its host name holds 63.
export const serviceName = text(
    dns1035,
    "a service name: lower-case letters, digits and dashes, a letter first, at most 46 characters (names of pods add 17 and end at 63)",
    46,
);

// Service accounts (30 characters) are named after environments.
export const environmentName = text(
    dns1035,
    "an environment name: lower-case letters, digits and dashes, a letter first, at most 20 characters (names of service accounts are built from it)",
    20,
);

export const kubernetesServiceName = text(
    dns1035,
    "a name of a Kubernetes Service: lower-case letters, digits and dashes, a letter first, at most 63 characters",
    63,
);

export const label = text(dnsLabel, "a name: lower-case letters, digits and dashes, at most 63 characters", 63);

export const objectName = text(
    /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/,
    "a name of a Kubernetes object: lower-case letters, digits, dashes and dots, at most 253 characters",
    253,
);

export const dataKey = text(
    /^(?!\.\.)[-._A-Za-z0-9]+$/,
    "a key of a Secret: letters, digits, dashes, dots and underscores, not two dots first, at most 253 characters",
    253,
);

export const secretId = text(
    /^[-_A-Za-z0-9]+$/,
    "an id of a Secret Manager secret: letters, digits, dashes and underscores, at most 255 characters",
    255,
);

export const secretVersion = z.int().min(1).meta({
    expected: "the number of a version, from 1 up; latest would change what runs without a promotion",
});

const schemaLabelForm = "[A-Za-z0-9][-._A-Za-z0-9]{0,62}";
export const schemaLabel = text(
    new RegExp(`^(?!none$)${schemaLabelForm}$`),
    "a schema label: letters, digits, dashes, dots and underscores, at most 63 characters, and not none",
);
export const schemaLabelOrNone = text(
    new RegExp(`^${schemaLabelForm}$`),
    "a schema label: letters, digits, dashes, dots and underscores, at most 63 characters; or none",
);

export const portName = text(
    /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/,
    "a port name: lower-case letters, digits and dashes, with a letter, at most 15 characters",
    15,
);

export const variableName = text(
    /^[A-Za-z_][-._A-Za-z0-9]*$/,
    "the name of an environment variable: letters, digits and underscores, no digit first",
);

export const annotationName = text(
    /^([a-z0-9]([-.a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
    "the name of an annotation: [domain/]name, the name at most 63 letters, digits, dashes, dots and underscores",
    317,
);

export const repository = text(/^[A-Za-z0-9]([-A-Za-z0-9]{0,38})\/[-._A-Za-z0-9]{1,100}$/, "a GitHub repository: owner/name");

export const team = text(/^[A-Za-z0-9]([-A-Za-z0-9]{0,38})\/[a-z0-9]([-_a-z0-9]{0,99})$/, "a GitHub team: owner/team-slug");

const segment = String.raw`(?!\.{1,2}(?:/|$))[^/\s\\]+`;
export const folder = text(
    new RegExp(`^(?:\\.|${segment}(?:/${segment})*)$`),
    "a path inside the repository: src/name, without / at either end and without . or .. in it",
);

const contextPart = "[A-Za-z0-9]+(?:(?:[.]|_{1,2}|-+)[A-Za-z0-9]+)*";
export const contextFolder = text(
    new RegExp(`^(?!(?:[0-9]+|[Ss][Cc][Rr][Aa][Tt][Cc][Hh])$)${contextPart}(?:/${contextPart})*$`),
    "a folder that a Dockerfile can name: letters and digits, with dots, dashes or underscores between them, and / between folders; neither a number nor scratch",
);

export const pinnedImage = text(
    /^[a-z0-9][^\s@]*@sha256:[0-9a-f]{64}$/,
    "an image by digest: name:tag@sha256:<64 lower-case hex digits>",
);

export const absolutePath = text(/^\/[^\s:]*$/, "an absolute path: /data");

export const filePath = text(
    /^(?!\/\.\.)(\/(?!\.{1,2}(?:\/|$))[-._A-Za-z0-9]+)+$/,
    "an absolute path of a file: /etc/app/config.yaml, of letters, digits, dashes, dots and underscores, not two dots first, at most 200 characters",
    200,
);

export const cpu = text(/^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$/, 'an amount of CPU: 100m, 0.5, or "2" in quotes');

export const bytes = text(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, "an amount of memory: 64Mi, 1.5Gi");

export const duration = text(/^([0-9]{1,5}s|[0-9]{1,4}m|[0-9]{1,2}h)$/, "a duration: 15s, 2m, 1h; at most 99h");

export const schedule = text(
    /^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[-*/,?0-9A-Za-z]+( [-*/,?0-9A-Za-z]+){4})$/,
    'a schedule: minute, hour, day of month, month and day of week, as in "30 3 * * 1-5", or @daily',
);

export const hostName = text(
    /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/,
    "a host name: shop.example.com",
    253,
);

export const googleIdentity = text(
    /^[a-z][-a-z0-9]{4,28}[a-z0-9]@[a-z][-a-z0-9]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$/,
    "a Google service account: name@project.iam.gserviceaccount.com",
);

export const port = z.int().min(1).max(65535).meta({ expected: "a port number from 1 to 65535" });

export const project = text(
    /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/,
    "a Google Cloud project id: 6 to 30 lower-case letters, digits and dashes, a letter first, no dash last",
);

export const region = text(/^[a-z]+-[a-z]+[0-9]{1,2}$/, "a Google Cloud region: europe-west1 (a zone has a letter more)");

export const clusterName = text(
    dns1035,
    "a name of a GKE cluster: lower-case letters, digits and dashes, a letter first, at most 40 characters",
    40,
);

export const namespace = text(
    /^(?!kube-|default$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "a namespace for workloads: lower-case letters, digits and dashes, at most 63 characters, neither default nor kube-…",
    63,
);

// The run records stand in <tier>-runs, and a repository id holds 63.
export const tier = text(
    dns1035,
    "an id of a registry repository: lower-case letters, digits and dashes, a letter first, at most 58 characters (its run records stand in <tier>-runs)",
    58,
);

export const registryPath = text(
    /^([A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?)(:[0-9]{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
    "a registry with a path, without https:// and without a tag: europe-west1-docker.pkg.dev/acme-dev",
);
