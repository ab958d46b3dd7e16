import type { CheckFailure, Values } from "../double";
import { makeSigningVersion, signingAlgorithm } from "../cloud/signingKeys";
import { text } from "../values";
import { iamMember } from "./iamMember";
import { googleError, labelFaults, mustBeOneOf, mustMatch, resourceName, type GcpKind, type GcpStorage, type Place } from "./kind";

const storageApi = "storage.googleapis.com";
const kmsApi = "cloudkms.googleapis.com";

const bucket: GcpKind = {
    token: "gcp:storage/bucket:Bucket",
    title: "Bucket",
    api: storageApi,
    permission: "storage.buckets",
    required: ["name", "location"],
    replaceOn: ["name", "project", "location"],
    defaults: () => ({ forceDestroy: false, storageClass: "STANDARD" }),
    faults: (inputs) => [
        mustMatch(
            inputs,
            "name",
            /^(?!goog)(?!.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/,
            "3-63 characters, [a-z0-9_-], not beginning with goog",
        ),
        mustBeOneOf(inputs, "publicAccessPrevention", ["inherited", "enforced"]),
        ...labelFaults(inputs, "labels"),
    ],
    name: (inputs) => `buckets/${inputs.name}`,
    id: (inputs) => String(inputs.name),
    answers: (inputs, { number }) => ({
        url: `gs://${inputs.name}`,
        selfLink: `https://www.googleapis.com/storage/v1/b/${inputs.name}`,
        projectNumber: Number(number),
    }),
};

const keyRing: GcpKind = {
    token: "gcp:kms/keyRing:KeyRing",
    title: "KeyRing",
    api: kmsApi,
    permission: "cloudkms.keyRings",
    required: ["name", "location"],
    replaceOn: ["name", "location", "project"],
    faults: (inputs) => [mustMatch(inputs, "name", kmsName, kmsNameWords)],
    name: (inputs, { project }) => `projects/${project}/locations/${inputs.location}/keyRings/${inputs.name}`,
    storage: undeletable(() => keyRing),
};

const cryptoKey: GcpKind = {
    token: "gcp:kms/cryptoKey:CryptoKey",
    title: "CryptoKey",
    api: kmsApi,
    permission: "cloudkms.cryptoKeys",
    required: ["name", "keyRing"],
    replaceOn: ["name", "keyRing", "purpose", "importOnly", "destroyScheduledDuration"],
    defaults: () => ({ purpose: "ENCRYPT_DECRYPT" }),
    faults: (inputs) => [
        mustMatch(inputs, "name", kmsName, kmsNameWords),
        rotationFault(text(inputs, "rotationPeriod")),
        ...signingFaults(inputs),
        ...labelFaults(inputs, "labels"),
    ],
    name: (inputs) => `${inputs.keyRing}/cryptoKeys/${inputs.name}`,
    references: (inputs) => [{ what: "key ring", name: String(inputs.keyRing) }],
    answers: (inputs, place) => ({
        // What signs has no version that is the first: each use names one.
        primaries: signs(inputs) ? [] : [{ name: `${cryptoKey.name(inputs, place)}/cryptoKeyVersions/1`, state: "ENABLED" }],
    }),
    settle: async (outputs, place) => {
        if (signs(outputs)) makeSigningVersion(place.cloud, cryptoKey.name(outputs, place));
    },
    storage: undeletable(() => cryptoKey),
};

const policy: GcpKind = {
    token: "gcp:binaryauthorization/policy:Policy",
    title: "Policy",
    api: "binaryauthorization.googleapis.com",
    permission: "binaryauthorization.policy",
    required: ["defaultAdmissionRule"],
    replaceOn: ["project"],
    faults: (inputs) => [
        mustBeOneOf(inputs, "defaultAdmissionRule.evaluationMode", ["ALWAYS_ALLOW", "REQUIRE_ATTESTATION", "ALWAYS_DENY"]),
        mustBeOneOf(inputs, "defaultAdmissionRule.enforcementMode", ["ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY"]),
        mustBeOneOf(inputs, "globalPolicyEvaluationMode", ["ENABLE", "DISABLE"]),
    ],
    name: (_, { project }) => `projects/${project}/binaryAuthorization/policy`,
    id: (_, { project }) => `projects/${project}`,
    storage: {
        // Every project has one from the start: creating it is changing it.
        conflicts: () => false,
        found: (outputs, place) => place.cloud.resource(policy.name(outputs, place)) !== undefined,
        write: (inputs, place) => place.cloud.store.put(policy.name(inputs, place), inputs),
        remove: (outputs, place) => place.cloud.store.delete(policy.name(outputs, place)),
    },
};

const service: GcpKind = {
    token: "gcp:projects/service:Service",
    title: "project service",
    api: "serviceusage.googleapis.com",
    permission: "serviceusage.services",
    required: ["service"],
    replaceOn: ["service", "project"],
    faults: (inputs) => [mustMatch(inputs, "service", /^[a-z0-9-]+\.googleapis\.com$/, "a service name, compute.googleapis.com")],
    name: (inputs, { project }) => `projects/${project}/services/${inputs.service}`,
    id: (inputs, { project }) => `${project}/${inputs.service}`,
    admit: (inputs) => {
        if (!services.has(String(inputs.service))) {
            throw googleError(403, `Not found or permission denied for service(s): ${inputs.service}., forbidden`);
        }
    },
    storage: {
        // Enabling what is enabled already is no conflict.
        conflicts: () => false,
        found: (outputs, place) => place.cloud.resource(service.name(outputs, place)) !== undefined,
        write: (inputs, place) =>
            place.cloud.store.put(service.name(inputs, place), { service: inputs.service, project: place.project }),
        remove: (outputs: Values, place) => {
            if (outputs.disableOnDestroy === true) {
                place.cloud.store.delete(service.name(outputs, place));
            }
        },
    },
};

const services = new Set(
    "artifactregistry binaryauthorization cloudkms cloudresourcemanager compute container containeranalysis containersecurity containerscanning dns iam iamcredentials logging monitoring secretmanager serviceusage storage sts"
        .split(" ")
        .map((name) => `${name}.googleapis.com`),
);

/** Key rings and keys outlive every delete: Google takes neither away, and the name stays taken. */
function undeletable(kind: () => GcpKind): GcpStorage {
    const found = (values: Values, place: Place) => place.cloud.resource(kind().name(values, place)) !== undefined;
    return {
        conflicts: found,
        found,
        write: (inputs, place) => place.cloud.store.put(kind().name(inputs, place), inputs),
        remove: () => undefined,
    };
}

function signs(inputs: Values): boolean {
    return inputs.purpose === "ASYMMETRIC_SIGN";
}

/** What Cloud KMS says of keys that sign: nobody rotates them but their owner, and their algorithm is given. */
function signingFaults(inputs: Values): CheckFailure[] {
    if (!signs(inputs)) return [];
    const algorithm = text(inputs, "versionTemplate.algorithm");
    const rotated = text(inputs, "rotationPeriod") !== undefined;
    return [
        ...(rotated
            ? [{ property: "rotationPeriod", reason: "a key of purpose ASYMMETRIC_SIGN cannot be rotated by itself" }]
            : []),
        ...(algorithm === signingAlgorithm
            ? []
            : [
                  {
                      property: "versionTemplate.algorithm",
                      reason: `the sandbox's keys sign with ${signingAlgorithm}, not ${algorithm}`,
                  },
              ]),
    ];
}

function rotationFault(period: string | undefined) {
    const seconds = Number(/^(\d+)(?:\.\d+)?s$/.exec(period ?? "86400s")?.[1] ?? Number.NaN);
    return seconds >= 86400
        ? undefined
        : {
              property: "rotationPeriod",
              reason: `${period} is no rotation period: expected seconds such as 7776000s, at least 86400s`,
          };
}

const kmsName = /^[a-zA-Z0-9_-]{1,63}$/;
const kmsNameWords = "1-63 letters, digits, _ or -";

export const storageKinds: readonly GcpKind[] = [
    service,
    bucket,
    iamMember({
        token: "gcp:storage/bucketIAMMember:BucketIAMMember",
        what: "bucket",
        api: storageApi,
        permission: "storage.buckets.setIamPolicy",
        parent: "bucket",
        replaceOn: [],
        resource: (inputs) => `buckets/${String(inputs.bucket).replace(/^b\//, "")}`,
    }),
    keyRing,
    cryptoKey,
    iamMember({
        token: "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        what: "crypto key",
        api: kmsApi,
        permission: "cloudkms.cryptoKeys.setIamPolicy",
        parent: "cryptoKeyId",
        replaceOn: [],
        resource: (inputs) => resourceName(String(inputs.cryptoKeyId), (name) => name),
    }),
    policy,
];
