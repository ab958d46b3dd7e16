import type { Cloud } from "../cloud";
import { isJudged } from "../cloud/iam";
import type { CheckFailure, Values } from "../double";
import { isRecord, text } from "../values";
import { googleError, type GcpKind, type Place } from "./kind";

/** What sets one kind of binding apart from the others. */
export interface IamMemberKind {
    token: string;
    /** What the binding is on: `repository`. */
    what: string;
    api: string;
    /** Permission that changing the policy needs. */
    permission: string;
    /** Input that names the resource. */
    parent: string;
    /** Further inputs that no update can change. */
    replaceOn: readonly string[];
    defaults?: GcpKind["defaults"];
    /** Name of the resource in the cloud. */
    resource(inputs: Values, place: Place): string;
}

/** A binding of one member to one role on one resource. */
export function iamMember({ token, what, api, permission, parent, replaceOn, defaults, resource }: IamMemberKind): GcpKind {
    return {
        token,
        title: `IAM policy of ${what}`,
        api,
        permission,
        required: [parent, "role", "member"],
        replaceOn: [parent, "role", "member", "condition", ...replaceOn],
        defaults,
        faults: (inputs) => [memberFault(text(inputs, "member")), roleFault(text(inputs, "role")), conditionFault(inputs)],
        name: (inputs, place) => resource(inputs, place),
        id: (inputs, place) => [resource(inputs, place), inputs.role, inputs.member].join("/"),
        references: (inputs, place) => [{ what, name: resource(inputs, place) }],
        admit: (inputs, place) => admitBinding(String(inputs.role), String(inputs.member), resource(inputs, place), place),
        answers: () => ({ etag: "BwYsandbox=" }),
        storage: {
            // Adding a binding that is there already is no conflict: a policy is read, changed and written.
            conflicts: () => false,
            found: (outputs, place) =>
                place.cloud.iam
                    .bindings(resource(outputs, place))
                    .some(({ role, member }) => role === outputs.role && member === outputs.member),
            write: (inputs, place) =>
                place.cloud.iam.grant(resource(inputs, place), String(inputs.role), String(inputs.member), condition(inputs)),
            remove: (outputs, place) =>
                place.cloud.iam.revoke(resource(outputs, place), String(outputs.role), String(outputs.member), condition(outputs)),
        },
    };
}

function admitBinding(role: string, member: string, resource: string, { cloud }: Place): void {
    if (!cloud.iam.knows(role)) {
        throw googleError(400, `Role ${role} is not supported for this resource., badRequest`);
    }
    const service = serviceOf(resource);
    if (service && !cloud.iam.permissions(role).some((permission) => permission.startsWith(`${service}.`))) {
        throw googleError(400, `Role ${role} is not supported for this resource., badRequest`);
    }
    const email = /^serviceAccount:(.+@([a-z0-9-]+)\.iam\.gserviceaccount\.com)$/.exec(member);
    if (email && !cloud.resource(`projects/${email[2]}/serviceAccounts/${email[1]}`)) {
        throw googleError(400, `Service account ${email[1]} does not exist., badRequest`);
    }
    refuseUnknownPool(member, cloud);
}

/** The pool of a project's clusters is Google's own: it is there from the first one on. */
function refuseUnknownPool(member: string, cloud: Cloud): void {
    const ofClusters = /^(?:principal.*\/workloadIdentityPools\/|serviceAccount:)([a-z0-9-]+)\.svc\.id\.goog(?:\/|\[)/.exec(
        member,
    )?.[1];
    if (ofClusters !== undefined) {
        if (!cloud.clusters().some(({ key, resource }) => resource !== undefined && key.startsWith(`${ofClusters}/`))) {
            throw googleError(400, `Identity Pool does not exist (${ofClusters}.svc.id.goog)., badRequest`);
        }
        return;
    }
    const pool =
        /^principal(?:Set)?:\/\/iam\.googleapis\.com\/projects\/(\d+)\/locations\/global\/workloadIdentityPools\/([^/]+)\//.exec(
            member,
        );
    const home = pool && cloud.project(pool[1])?.id;
    if (pool && !(home && cloud.resource(`projects/${home}/locations/global/workloadIdentityPools/${pool[2]}`))) {
        throw googleError(
            400,
            `Identity Pool does not exist (${member.split("/").slice(3, 9).join("/")}). Please check that you specified a valid resource name as returned in the \`name\` attribute in the configuration API., badRequest`,
        );
    }
}

/** The service that a resource belongs to. Nothing for a project, which any role can be granted on. */
function serviceOf(resource: string): string | undefined {
    const services: [RegExp, string][] = [
        [/\/repositories\//, "artifactregistry"],
        [/\/serviceAccounts\//, "iam"],
        [/^buckets\//, "storage"],
        [/\/keyRings\//, "cloudkms"],
        [/\/secrets\//, "secretmanager"],
    ];
    return services.find(([pattern]) => pattern.test(resource))?.[1];
}

const memberPattern =
    /^(?:(?:user|group|serviceAccount):[^@\s:]+@[^@\s:]+\.[^@\s:]+|domain:\S+|allUsers|allAuthenticatedUsers|serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[a-z0-9-]+\/[a-z0-9-]+\]|principal(?:Set)?:\/\/iam\.googleapis\.com\/projects\/\d+\/locations\/global\/workloadIdentityPools\/[a-z0-9.-]+\/(?:subject\/.+|group\/.+|attribute\.[a-z0-9_]+\/.+|\*))$/;

function memberFault(member: string | undefined): CheckFailure | undefined {
    return member === undefined || memberPattern.test(member)
        ? undefined
        : {
              property: "member",
              reason: `${JSON.stringify(member)} is no IAM member: expected user:…, serviceAccount:…, group:… or principalSet://iam.googleapis.com/projects/NUMBER/…`,
          };
}

function roleFault(role: string | undefined): CheckFailure | undefined {
    return role === undefined || /^(?:(?:projects|organizations)\/[^/]+\/)?roles\/[A-Za-z0-9_.]+$/.test(role)
        ? undefined
        : { property: "role", reason: `${JSON.stringify(role)} is no role: expected roles/NAME or projects/PROJECT/roles/NAME` };
}

function conditionFault({ condition }: Values): CheckFailure | undefined {
    const expression = text(condition, "expression");
    return expression === undefined || isJudged(expression)
        ? undefined
        : {
              property: "condition.expression",
              reason: `the sandbox judges resource.name.startsWith("…") and resource.name == "…" only, not ${expression}`,
          };
}

const condition = (inputs: Values) =>
    isRecord(inputs.condition)
        ? { title: String(inputs.condition.title), expression: String(inputs.condition.expression) }
        : undefined;
