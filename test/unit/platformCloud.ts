import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlatformTarget, Settings } from "../../core/settings/model";
import type { OidcIssuer } from "../../sandbox/github/oidc";
import { bootstrapStack } from "../../sandbox/google/bootstrap";
import { serveGoogle, type GoogleServer } from "../../sandbox/google/server";
import { Cloud } from "../../sandbox/providers/cloud";
import { gcpDouble } from "../../sandbox/providers/gcp/double";
import { record, type Registered } from "../components/recorder";
import { Platform } from "../../components/platform";
import { settings } from "../components/settings";

export const administrator = "user:admin@acme.example";

/** Numeric ids that the recorder gives to every repository and owner. */
export const ids = { repository: 7001, owner: 42 };

/** Full name of the provider that the platform makes. */
export const provider = "projects/100/locations/global/workloadIdentityPools/oneflow-github/providers/github";

/** What the platform asks for, as its program really does, without an engine. */
export async function platformResources(all: Settings = settings()): Promise<Registered[]> {
    const target: PlatformTarget = { kind: "platform", environments: all.environments, shared: true };
    const args = { settings: all, target, repositories: [] };
    return record(() => new Platform(all.project, args));
}

/** A cloud in which the gcp double made what the platform asks for, but for networks and clusters. */
export async function platformCloud(
    resources: readonly Registered[],
    all: Settings = settings(),
): Promise<{ cloud: Cloud; remove(): void }> {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-platform-"));
    const cloud = new Cloud(directory);
    const projects = [all.delivery.project, ...all.environments.map(({ project }) => project)];
    projects.forEach((id, index) => cloud.addProject({ id, number: String(100 + index), owner: administrator }));
    for (const environment of all.environments) bootstrapStack(cloud, environment, environment.name);
    bootstrapStack(cloud, all.delivery, "platform");
    const gcp = await gcpDouble(cloud, administrator).configure({ project: all.delivery.project, region: all.delivery.region });
    for (const type of order) {
        for (const { name, inputs } of resources.filter((resource) => resource.type === type)) {
            const checked = await gcp.check({ token: type, name, news: inputs as never, seed: Buffer.alloc(32, 7) });
            await gcp.create({ token: type, inputs: checked.inputs, preview: false });
        }
    }
    return { cloud, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** What has to be there comes before what names it. */
const order = [
    "gcp:projects/service:Service",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    "gcp:serviceaccount/account:Account",
    "gcp:projects/iAMCustomRole:IAMCustomRole",
    "gcp:artifactregistry/repository:Repository",
    "gcp:serviceaccount/iAMMember:IAMMember",
    "gcp:projects/iAMMember:IAMMember",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
    "gcp:storage/bucketIAMMember:BucketIAMMember",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
];

/** What Google answers: a token, or the words of the refusal. */
export type Answer = { token: string } | { refused: string };

/** Whatever a job wants to act as: first its token of GitHub is exchanged for one of the pool. */
export async function exchange(google: GoogleServer, idToken: string): Promise<Answer> {
    const { ok, body } = await post(`${google.address}/v1/token`, {
        audience: `//iam.googleapis.com/${provider}`,
        grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
        requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
        subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
        subjectToken: idToken,
        scope: "https://www.googleapis.com/auth/cloud-platform",
    });
    return ok ? { token: String(body.access_token) } : { refused: String(body.error_description ?? messageOf(body)) };
}

/** Then who holds that one asks for one of an account. */
export async function impersonate(google: GoogleServer, federated: string, account: string): Promise<Answer> {
    const { ok, body } = await post(
        `${google.address}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
        { scope: ["https://www.googleapis.com/auth/cloud-platform"], lifetime: "300s" },
        federated,
    );
    return ok ? { token: String(body.accessToken) } : { refused: messageOf(body) };
}

export async function actAs(google: GoogleServer, idToken: string, account: string): Promise<Answer> {
    const exchanged = await exchange(google, idToken);
    return "token" in exchanged ? impersonate(google, exchanged.token, account) : exchanged;
}

const messageOf = ({ error }: Record<string, unknown>): string => (error as { message: string }).message;

export function googleFor(cloud: Cloud, issuer: OidcIssuer): Promise<GoogleServer> {
    return serveGoogle({ cloud, issuers: { [issuer.issuer]: issuer.keys() } });
}

async function post(url: string, body: object, token?: string): Promise<{ ok: boolean; body: Record<string, unknown> }> {
    const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return { ok: response.ok, body: (await response.json()) as Record<string, unknown> };
}
