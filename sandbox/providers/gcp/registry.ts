import type { Values } from "../double";
import { text } from "../values";
import { iamMember } from "./iamMember";
import { labelFaults, mustBeOneOf, mustMatch, resourceName, type GcpKind, type Place } from "./kind";

const api = "artifactregistry.googleapis.com";
const locationOf = (inputs: Values, { region }: Place) => text(inputs, "location") ?? region ?? "";

const repository: GcpKind = {
    token: "gcp:artifactregistry/repository:Repository",
    title: "Repository",
    api,
    permission: "artifactregistry.repositories",
    required: ["repositoryId", "format", "location"],
    replaceOn: ["repositoryId", "project", "location", "format", "mode", "kmsKeyName"],
    defaults: (_, { region }) => ({ mode: "STANDARD_REPOSITORY", ...(region ? { location: region } : {}) }),
    faults: (inputs) => [
        mustMatch(
            inputs,
            "repositoryId",
            /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
            "1-63 characters, a lower case letter first, then lower case letters, digits or -",
        ),
        mustBeOneOf(inputs, "format", ["DOCKER", "MAVEN", "NPM", "PYTHON", "APT", "YUM", "GO", "GENERIC", "KFP"]),
        ...labelFaults(inputs, "labels"),
        ...cleanupFaults(inputs),
    ],
    name: (inputs, place) => `projects/${place.project}/locations/${locationOf(inputs, place)}/repositories/${inputs.repositoryId}`,
    planned: (inputs, place) => ({
        registryUri: `${locationOf(inputs, place)}-docker.pkg.dev/${place.project}/${inputs.repositoryId}`,
    }),
    answers: (inputs) => ({ name: inputs.repositoryId, createTime: "2026-01-01T00:00:00Z", updateTime: "2026-01-01T00:00:00Z" }),
};

function cleanupFaults(inputs: Values) {
    const policies = Array.isArray(inputs.cleanupPolicies) ? (inputs.cleanupPolicies as Values[]) : [];
    return policies.flatMap((policy, index) => {
        const property = `cleanupPolicies[${index}]`;
        return [
            text(policy, "id") === undefined ? { property, reason: "a cleanup policy needs an id" } : undefined,
            policy.condition !== undefined && policy.mostRecentVersions !== undefined
                ? { property, reason: "condition and mostRecentVersions exclude each other" }
                : undefined,
            policy.condition === undefined && policy.mostRecentVersions === undefined
                ? { property, reason: "a cleanup policy needs a condition or mostRecentVersions" }
                : undefined,
            policy.mostRecentVersions !== undefined && policy.action !== "KEEP"
                ? { property, reason: "mostRecentVersions goes with action KEEP only" }
                : undefined,
        ];
    });
}

export const registryKinds: readonly GcpKind[] = [
    repository,
    iamMember({
        token: "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        what: "repository",
        api,
        permission: "artifactregistry.repositories.setIamPolicy",
        parent: "repository",
        replaceOn: ["location", "project"],
        defaults: (_, { region }) => (region ? { location: region } : {}),
        resource: (inputs, place) =>
            resourceName(
                String(inputs.repository),
                (name) => `projects/${place.project}/locations/${locationOf(inputs, place)}/repositories/${name}`,
            ),
    }),
];
