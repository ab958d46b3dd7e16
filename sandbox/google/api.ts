import type { Cloud, Identity } from "../providers/cloud";
import { apiFailure, denied } from "./failure";

/** Refuses what an API does that was never enabled in the project. @throws GoogleFailure */
export function requireApi(cloud: Cloud, project: string, name: string): void {
    const service = `${name}.googleapis.com`;
    if (cloud.resource(`projects/${project}/services/${service}`) === undefined) {
        throw apiFailure(403, "PERMISSION_DENIED", `${service} has not been used in project ${project} before or it is disabled.`, [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "SERVICE_DISABLED",
                domain: "googleapis.com",
                metadata: { service, consumer: `projects/${project}` },
            },
        ]);
    }
}

/** Whom a request's bearer token stands for. @throws GoogleFailure where there is none that is valid */
export function requireIdentity(cloud: Cloud, authorization: string | undefined): Identity {
    const [, token] = /^Bearer (.+)$/i.exec(authorization ?? "") ?? [];
    const identity = token === undefined ? undefined : cloud.identity(token);
    if (!identity) {
        throw apiFailure(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
        );
    }
    return identity;
}

/** @param message what is said instead of the usual words @throws GoogleFailure that names the permission */
export function requirePermission(
    cloud: Cloud,
    { member, sets = [] }: Identity,
    permission: string,
    resource: string,
    domain: string,
    message?: string,
): void {
    if (![member, ...sets].some((one) => cloud.allows(one, permission, resource))) {
        throw denied(permission, resource, domain, message);
    }
}
