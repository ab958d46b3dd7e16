import { randomBytes } from "node:crypto";
import type { JsonWebKeySet } from "../github/oidc";
import type { Cloud } from "../providers/cloud";
import { requireApi } from "./api";
import { isRejection, mapAttributes, type AttributeRules, type Mapped } from "./attributes";
import { oauthFailure } from "./failure";
import { readWebToken } from "./webToken";

/** Issuer → the keys that it publishes. */
export type Issuers = Readonly<Record<string, JsonWebKeySet>>;

/** A token that stands for somebody, for an hour at most. */
export interface AccessToken {
    token: string;
    expires: Date;
}

/**
 * Plays the Security Token Service: takes a token of an issuer that a workload identity provider trusts, and gives one of the cloud.
 * The provider's rules are those of the resource that was really created.
 *
 * @throws GoogleFailure in OAuth's form
 */
export function exchangeToken(cloud: Cloud, issuers: Issuers, request: Readonly<Record<string, string>>): AccessToken {
    requireParameter(request, "grant_type", ["urn:ietf:params:oauth:grant-type:token-exchange"]);
    requireParameter(request, "requested_token_type", ["urn:ietf:params:oauth:token-type:access_token"]);
    requireParameter(request, "subject_token_type", [
        "urn:ietf:params:oauth:token-type:jwt",
        "urn:ietf:params:oauth:token-type:id_token",
    ]);
    const provider = providerOf(cloud, request.audience ?? "");
    requireApi(cloud, provider.project, "sts");
    const issuer = provider.oidc.issuerUri;
    const keys = issuers[issuer];
    if (!keys) throw oauthFailure("invalid_grant", "Error connecting to the given credential's issuer.");
    const audiences = provider.oidc.allowedAudiences ?? [`https:${provider.audience}`, provider.audience];
    const assertion = readWebToken(request.subject_token ?? "", keys, { issuer, audiences, now: new Date() });
    const mapped = mapAttributes(provider, assertion);
    if (isRejection(mapped)) throw oauthFailure(mapped.error, mapped.description);
    return issueToken(cloud, principalsOf(provider.pool, mapped), 3600);
}

/** Makes a token and lets it stand for somebody. */
export function issueToken(cloud: Cloud, identity: { member: string; sets?: readonly string[] }, seconds: number): AccessToken {
    const token = `ya29.${randomBytes(32).toString("base64url")}`;
    const expires = new Date(Date.now() + seconds * 1000);
    cloud.addIdentity({ token, expires, ...identity });
    return { token, expires };
}

/** As whom bindings name a token of a pool: by its subject, and by each attribute that is mapped. */
function principalsOf(pool: string, { subject, attributes }: Mapped): { member: string; sets: string[] } {
    return {
        member: `principal://iam.googleapis.com/${pool}/subject/${subject}`,
        sets: [
            ...Object.entries(attributes).map(
                ([name, value]) => `principalSet://iam.googleapis.com/${pool}/attribute.${name}/${value}`,
            ),
            `principalSet://iam.googleapis.com/${pool}/*`,
        ],
    };
}

interface Provider extends AttributeRules {
    project: string;
    /** Full name of the pool, by the project's number. */
    pool: string;
    /** Full name of the provider as a target, `//iam.googleapis.com/projects/NUMBER/…`. */
    audience: string;
    oidc: { issuerUri: string; allowedAudiences?: readonly string[] };
}

function providerOf(cloud: Cloud, audience: string): Provider {
    const pattern =
        /^\/\/iam\.googleapis\.com\/projects\/(\d+)\/locations\/global\/workloadIdentityPools\/([^/]+)\/providers\/([^/]+)$/;
    const [, number, pool, id] = pattern.exec(audience) ?? [];
    const project = number === undefined ? undefined : cloud.project(number)?.id;
    const place = `locations/global/workloadIdentityPools/${pool}`;
    const resource = project && cloud.resource<Resource>(`projects/${project}/${place}/providers/${id}`);
    const home = project && cloud.resource<{ disabled?: boolean }>(`projects/${project}/${place}`);
    if (!project || !resource || !home || resource.disabled === true || home.disabled === true) {
        throw oauthFailure(
            "invalid_target",
            'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
        );
    }
    return { ...resource, project, pool: `projects/${number}/${place}`, audience };
}

type Resource = AttributeRules & Pick<Provider, "oidc"> & { disabled?: boolean };

function requireParameter(request: Readonly<Record<string, string>>, name: string, values: readonly string[]): void {
    if (!values.includes(request[name] ?? "")) {
        throw oauthFailure("invalid_request", `Invalid value for "${name}": expected ${values.join(" or ")}.`);
    }
}
