import type { Cloud, Identity } from "../providers/cloud";
import { requireApi, requirePermission } from "./api";
import { apiFailure, denied } from "./failure";
import { issueToken } from "./tokenService";

/**
 * Plays `generateAccessToken` of the IAM Service Account Credentials API: a token of a service account, for who may act as it.
 *
 * @param email the account's
 * @param body as `lifetime`, seconds such as `3600s`; an hour at most
 * @throws GoogleFailure
 */
export function generateAccessToken(
    cloud: Cloud,
    caller: Identity,
    email: string,
    { lifetime = "3600s", scope }: { lifetime?: unknown; scope?: unknown },
): { accessToken: string; expireTime: string } {
    const seconds = Number(/^(\d+)(?:\.\d+)?s$/.exec(String(lifetime))?.[1] ?? Number.NaN);
    if (!Array.isArray(scope) || scope.length === 0) throw apiFailure(400, "INVALID_ARGUMENT", "Scope required.");
    if (!(seconds > 0 && seconds <= 3600)) {
        throw apiFailure(400, "INVALID_ARGUMENT", `The token lifetime ${String(lifetime)} is not between 1s and 3600s.`);
    }
    const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
    const account = `projects/${project}/serviceAccounts/${email}`;
    const permission = "iam.serviceAccounts.getAccessToken";
    // Whoever may not act as an account does not learn either that there is none.
    if (project === undefined || cloud.resource(account) === undefined) throw denied(permission, account, "iam.googleapis.com");
    requireApi(cloud, project, "iamcredentials");
    requirePermission(cloud, caller, permission, account, "iam.googleapis.com");
    const { token, expires } = issueToken(cloud, { member: `serviceAccount:${email}` }, seconds);
    return { accessToken: token, expireTime: expires.toISOString() };
}
