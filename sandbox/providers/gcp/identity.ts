import { parse } from "@bufbuild/cel";
import { hex } from "../cloud/endpoints";
import { isPermission } from "../cloud/roles";
import type { CheckFailure, Values } from "../double";
import { isKnown, isRecord, text } from "../values";
import { iamMember } from "./iamMember";
import { googleError, mustMatch, resourceName, type GcpKind, type Place } from "./kind";

const api = "iam.googleapis.com";

const account: GcpKind = {
    token: "gcp:serviceaccount/account:Account",
    title: "service account",
    api,
    permission: "iam.serviceAccounts",
    required: ["accountId"],
    replaceOn: ["accountId", "project"],
    faults: (inputs) => [
        mustMatch(inputs, "accountId", /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/, "6-30 characters, [a-z]([-a-z0-9]*[a-z0-9])"),
    ],
    name: (inputs, { project }) => `projects/${project}/serviceAccounts/${inputs.accountId}@${project}.iam.gserviceaccount.com`,
    planned: (inputs, { project }) => {
        const email = `${inputs.accountId}@${project}.iam.gserviceaccount.com`;
        return { email, member: `serviceAccount:${email}` };
    },
    answers: (inputs, place) => ({
        name: account.name(inputs, place),
        uniqueId: String(BigInt(`0x${hex(account.name(inputs, place), 17)}`)),
    }),
};

const customRole: GcpKind = {
    token: "gcp:projects/iAMCustomRole:IAMCustomRole",
    title: "custom project role",
    api,
    permission: "iam.roles",
    required: ["roleId", "title", "permissions"],
    replaceOn: ["roleId", "project"],
    defaults: () => ({ stage: "GA" }),
    faults: (inputs) => [
        mustMatch(inputs, "roleId", /^[a-zA-Z0-9_.]{3,64}$/, "3-64 letters, digits, _ or ."),
        ...(Array.isArray(inputs.permissions) ? inputs.permissions : [])
            .filter((permission) => isKnown(permission) && !isPermission(String(permission)))
            .map((permission) => ({ property: "permissions", reason: `Permission ${String(permission)} is not valid.` })),
    ],
    name: (inputs, { project }) => `projects/${project}/roles/${inputs.roleId}`,
    answers: (inputs, place) => ({ name: customRole.name(inputs, place), deleted: false }),
};

const poolId = /^(?!gcp-)[a-z0-9-]{4,32}$/;
const poolIdWords = "4-32 characters, [a-z0-9-]; the prefix `gcp-` is reserved";

const pool: GcpKind = {
    token: "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    title: "WorkloadIdentityPool",
    api,
    permission: "iam.workloadIdentityPools",
    required: ["workloadIdentityPoolId"],
    replaceOn: ["workloadIdentityPoolId", "project"],
    faults: (inputs) => [mustMatch(inputs, "workloadIdentityPoolId", poolId, poolIdWords)],
    name: (inputs, { project }) => `projects/${project}/locations/global/workloadIdentityPools/${inputs.workloadIdentityPoolId}`,
    admit: (inputs, place) => refuseSoftDeleted(pool.name(inputs, place), place),
    answers: (inputs, { number }) => ({
        name: `projects/${number}/locations/global/workloadIdentityPools/${inputs.workloadIdentityPoolId}`,
        state: "ACTIVE",
    }),
    remove: (outputs, place) => softDelete(pool.name(outputs, place), place),
};

const poolProvider: GcpKind = {
    token: "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    title: "WorkloadIdentityPoolProvider",
    api,
    permission: "iam.workloadIdentityPoolProviders",
    required: ["workloadIdentityPoolId", "workloadIdentityPoolProviderId"],
    replaceOn: ["workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"],
    faults: (inputs) => [
        mustMatch(inputs, "workloadIdentityPoolProviderId", poolId, poolIdWords),
        ...mappingFaults(inputs),
        conditionFault(inputs),
        ...expressionFaults(inputs),
    ],
    name: (inputs, { project }) => `${providerPool(inputs, project)}/providers/${inputs.workloadIdentityPoolProviderId}`,
    references: (inputs, { project }) => [{ what: "workload identity pool", name: providerPool(inputs, project) }],
    admit: (inputs, place) => {
        const condition = text(inputs, "attributeCondition");
        if (
            text(inputs, "oidc.issuerUri")?.startsWith("https://token.actions.githubusercontent.com") &&
            !/\bassertion\./.test(condition ?? "")
        ) {
            throw googleError(
                400,
                "The attribute condition must reference one of the provider's claims. For more information, see https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions, badRequest",
            );
        }
        refuseSoftDeleted(poolProvider.name(inputs, place), place);
    },
    answers: (inputs, { number }) => ({
        name: `${providerPool(inputs, number)}/providers/${inputs.workloadIdentityPoolProviderId}`,
        state: "ACTIVE",
    }),
    remove: (outputs, place) => softDelete(poolProvider.name(outputs, place), place),
};

const providerPool = (inputs: Values, project: string) =>
    `projects/${project}/locations/global/workloadIdentityPools/${inputs.workloadIdentityPoolId}`;

function mappingFaults({ attributeMapping, oidc }: Values): CheckFailure[] {
    const property = "attributeMapping";
    if (oidc === undefined) {
        return [{ property: "oidc", reason: "one of aws, oidc, saml or x509 must be specified; the sandbox knows oidc" }];
    }
    const mapping = isRecord(attributeMapping) ? attributeMapping : {};
    const wrong = Object.keys(mapping).filter((key) => !/^(?:google\.(?:subject|groups)|attribute\.[a-z0-9_]{1,100})$/.test(key));
    const long = Object.entries(mapping).filter(([, expression]) => typeof expression === "string" && expression.length > 2048);
    return [
        ...("google.subject" in mapping ? [] : [{ property, reason: "attribute_mapping must map google.subject" }]),
        ...wrong.map((key) => ({
            property,
            reason: `${key} is no attribute: expected google.subject, google.groups or attribute.NAME in lower case`,
        })),
        ...long.map(([key]) => ({ property, reason: `the mapping of ${key} is longer than 2048 characters` })),
        ...(Object.keys(mapping).length > 50 ? [{ property, reason: "at most 50 attributes can be mapped" }] : []),
    ];
}

function conditionFault(inputs: Values): CheckFailure | undefined {
    const condition = text(inputs, "attributeCondition");
    return condition !== undefined && condition.length > 4096
        ? { property: "attributeCondition", reason: `the condition has ${condition.length} characters; at most 4096 are allowed` }
        : undefined;
}

/** Google compiles mapping and condition when the provider is made. */
function expressionFaults({ attributeMapping, attributeCondition }: Values): CheckFailure[] {
    const mapping = isRecord(attributeMapping) ? Object.entries(attributeMapping) : [];
    const expressions = [
        ...mapping.map(([key, text]) => [`attributeMapping.${key}`, text]),
        ["attributeCondition", attributeCondition],
    ];
    return expressions.flatMap(([property, text]) => {
        const fault = typeof text === "string" && isKnown(text) ? compileFault(text) : undefined;
        return fault === undefined ? [] : [{ property: String(property), reason: `Failed to compile ${String(text)}: ${fault}` }];
    });
}

function compileFault(expression: string): string | undefined {
    try {
        parse(expression);
        return undefined;
    } catch (error) {
        return (error as Error).message;
    }
}

/** Google keeps a deleted pool for 30 days, and its id with it. */
function softDelete(name: string, { cloud }: Place): void {
    cloud.store.put(`deleted/${name}`, { deletedAt: new Date().toISOString() });
    cloud.store.deleteAll(name);
}

function refuseSoftDeleted(name: string, { cloud }: Place): void {
    const deleted = cloud.store.get<{ deletedAt: string }>(`deleted/${name}`);
    const days = deleted && (Date.now() - Date.parse(deleted.deletedAt)) / 86_400_000;
    if (days !== undefined && days < 30) {
        throw googleError(
            409,
            `Requested entity already exists: ${name} was deleted and can be undeleted for 30 days, alreadyExists`,
        );
    }
}

export const identityKinds: readonly GcpKind[] = [
    account,
    customRole,
    pool,
    poolProvider,
    iamMember({
        token: "gcp:serviceaccount/iAMMember:IAMMember",
        what: "service account",
        api,
        permission: "iam.serviceAccounts.setIamPolicy",
        parent: "serviceAccountId",
        replaceOn: [],
        resource: (inputs, { project }) =>
            resourceName(String(inputs.serviceAccountId), (email) => `projects/${project}/serviceAccounts/${email}`),
    }),
    iamMember({
        token: "gcp:projects/iAMMember:IAMMember",
        what: "project",
        api: "cloudresourcemanager.googleapis.com",
        permission: "resourcemanager.projects.setIamPolicy",
        parent: "project",
        replaceOn: [],
        resource: (inputs) => resourceName(String(inputs.project), (id) => `projects/${id}`),
    }),
];
