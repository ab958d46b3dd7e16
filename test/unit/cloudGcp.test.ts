import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";
import { unknown } from "../../sandbox/providers/double";
import { gcpDouble } from "../../sandbox/providers/gcp/double";

const admin = "user:admin@acme.example";
const tokens = {
    service: "gcp:projects/service:Service",
    network: "gcp:compute/network:Network",
    subnetwork: "gcp:compute/subnetwork:Subnetwork",
    cluster: "gcp:container/cluster:Cluster",
    nodePool: "gcp:container/nodePool:NodePool",
    repository: "gcp:artifactregistry/repository:Repository",
    repositoryMember: "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
    account: "gcp:serviceaccount/account:Account",
    accountMember: "gcp:serviceaccount/iAMMember:IAMMember",
    customRole: "gcp:projects/iAMCustomRole:IAMCustomRole",
    projectMember: "gcp:projects/iAMMember:IAMMember",
    pool: "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    poolProvider: "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    bucket: "gcp:storage/bucket:Bucket",
    keyRing: "gcp:kms/keyRing:KeyRing",
    cryptoKey: "gcp:kms/cryptoKey:CryptoKey",
    secretMember: "gcp:secretmanager/secretIamMember:SecretIamMember",
    keyMember: "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
};

describe("The gcp double", () => {
    let directory: string;
    let cloud: Cloud;
    let gcp: ProviderInstance;
    beforeEach(async () => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-gcp-"));
        cloud = new Cloud(directory);
        cloud.addProject({ id: "acme-dev", number: "1001", owner: admin });
        gcp = await gcpDouble(cloud, admin).configure({ project: "acme-dev", region: "europe-west1" });
        for (const api of ["compute", "container", "artifactregistry", "iam"]) {
            await make(tokens.service, { service: `${api}.googleapis.com` });
        }
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    const check = async (token: string, news: Values, olds?: Values) =>
        gcp.check({ token, name: "thing", news, seed: Buffer.alloc(32, 7), ...(olds ? { olds } : {}) });
    const faults = async (token: string, news: Values) =>
        ((await check(token, news)).failures ?? []).map(({ reason }) => reason).join("; ");
    async function make(token: string, news: Values) {
        const { inputs, failures = [] } = await check(token, news);
        assert.deepEqual(failures, []);
        return gcp.create({ token, inputs, preview: false });
    }

    for (const [what, token, inputs, message] of [
        ["a service account id of 5", tokens.account, { accountId: "short" }, /6-30 characters/],
        ["a service account id of 31", tokens.account, { accountId: "a".repeat(31) }, /6-30 characters/],
        ["a cluster name of 41", tokens.cluster, { name: "c".repeat(41), enableAutopilot: true }, /1-40 characters/],
        ["a Standard cluster without nodes", tokens.cluster, { name: "shop" }, /initial_node_count must be greater than zero/],
        [
            "node pools in Autopilot",
            tokens.cluster,
            { name: "shop", enableAutopilot: true, removeDefaultNodePool: true },
            /conflicts with enable_autopilot/,
        ],
        [
            "a repository id in upper case",
            tokens.repository,
            { repositoryId: "Develop", format: "DOCKER" },
            /lower case letter first/,
        ],
        [
            "a format that there is not",
            tokens.repository,
            { repositoryId: "develop", format: "OCI" },
            /expected format to be one of/,
        ],
        [
            "a cleanup that keeps nothing",
            tokens.repository,
            { repositoryId: "develop", format: "DOCKER", cleanupPolicies: [{ id: "x", action: "DELETE" }] },
            /needs a condition/,
        ],
        ["a pool with Google's prefix", tokens.pool, { workloadIdentityPoolId: "gcp-github" }, /4-32 characters/],
        ["a pool id of 3", tokens.pool, { workloadIdentityPoolId: "gha" }, /4-32 characters/],
        [
            "a member that is none",
            tokens.projectMember,
            { project: "acme-dev", role: "roles/storage.admin", member: "deployer" },
            /is no IAM member/,
        ],
        [
            "a condition that nobody judges",
            tokens.projectMember,
            {
                project: "acme-dev",
                role: "roles/storage.admin",
                member: admin,
                condition: { title: "t", expression: "request.time < x" },
            },
            /the sandbox judges/,
        ],
        [
            "a permission that there is not",
            tokens.customRole,
            { roleId: "access", title: "t", permissions: ["container.clusters.hack"] },
            /container\.clusters\.hack is not valid/,
        ],
        [
            "a range that is none",
            tokens.subnetwork,
            { name: "s", network: "n", ipCidrRange: "10.0.0.0" },
            /a range in CIDR notation/,
        ],
        ["a bucket named after Google", tokens.bucket, { name: "google-state", location: "EU" }, /not beginning with goog/],
        [
            "a key that signs and is rotated",
            tokens.cryptoKey,
            {
                name: "releases",
                keyRing: "k",
                purpose: "ASYMMETRIC_SIGN",
                versionTemplate: { algorithm: "EC_SIGN_P256_SHA256" },
                rotationPeriod: "7776000s",
            },
            /cannot be rotated by itself/,
        ],
        [
            "a key that signs with what the sandbox has not",
            tokens.cryptoKey,
            {
                name: "releases",
                keyRing: "k",
                purpose: "ASYMMETRIC_SIGN",
                versionTemplate: { algorithm: "RSA_SIGN_PSS_2048_SHA256" },
            },
            /keys sign with EC_SIGN_P256_SHA256, not RSA_SIGN_PSS_2048_SHA256/,
        ],
        ["a rotation every minute", tokens.cryptoKey, { name: "state", keyRing: "k", rotationPeriod: "60s" }, /at least 86400s/],
        [
            "a label in upper case",
            tokens.bucket,
            { name: "acme-state", location: "EU", labels: { Team: "a" } },
            /lower case letters/,
        ],
        ["what is left out", tokens.keyRing, { name: "keys" }, /Missing required argument: "location"/],
    ] as const) {
        it(`refuses ${what}`, async () => {
            assert.match(await faults(token, inputs), message);
        });
    }

    it("refuses what it does not play, by name", async () => {
        await assert.rejects(check("gcp:pubsub/topic:Topic", {}), /the sandbox's gcp has no resource gcp:pubsub\/topic:Topic/);
    });

    it("does not judge what is not known yet", async () => {
        assert.equal(await faults(tokens.account, { accountId: unknown }), "");
    });

    it("generates a name once and keeps it", async () => {
        const first = (await check(tokens.network, {})).inputs;
        assert.equal(first.name, "thing-0707070");
        assert.equal((await check(tokens.network, {}, { name: "thing-abcdefa" })).inputs.name, "thing-abcdefa");
    });

    it("refuses a second resource of one name", async () => {
        await make(tokens.network, { name: "shop" });
        await assert.rejects(make(tokens.network, { name: "shop" }), /Error 409: .*global\/networks\/shop' already exists/);
    });

    it("refuses to refer to what is not there", async () => {
        await assert.rejects(
            make(tokens.cluster, { name: "shop", enableAutopilot: true, network: "projects/acme-dev/global/networks/none" }),
            /networks\/none' was not found/,
        );
        await assert.rejects(
            make(tokens.repositoryMember, { repository: "develop", role: "roles/artifactregistry.reader", member: admin }),
            /repositories\/develop' was not found/,
        );
    });

    it("refuses to grant to a service account or pool that is not there, or a role that does not fit", async () => {
        const develop = { repository: "develop", role: "roles/artifactregistry.reader" };
        await make(tokens.repository, { repositoryId: "develop", format: "DOCKER" });
        await assert.rejects(
            make(tokens.repositoryMember, { ...develop, member: "serviceAccount:nobody@acme-dev.iam.gserviceaccount.com" }),
            /Service account nobody@acme-dev\.iam\.gserviceaccount\.com does not exist/,
        );
        await assert.rejects(
            make(tokens.repositoryMember, {
                ...develop,
                member: "principalSet://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/github/attribute.deployer/dev",
            }),
            /Identity Pool does not exist/,
        );
        await assert.rejects(
            make(tokens.repositoryMember, { ...develop, role: "roles/storage.objectAdmin", member: admin }),
            /is not supported for this resource/,
        );
        await assert.rejects(
            make(tokens.repositoryMember, { ...develop, role: "roles/made.up", member: admin }),
            /is not supported for this resource/,
        );
    });

    it("refuses subnetworks whose ranges overlap", async () => {
        await make(tokens.network, { name: "shop" });
        await make(tokens.subnetwork, {
            name: "one",
            network: "shop",
            ipCidrRange: "10.0.0.0/20",
            secondaryIpRanges: [{ rangeName: "pods", ipCidrRange: "10.4.0.0/14" }],
        });
        await assert.rejects(
            make(tokens.subnetwork, { name: "two", network: "shop", ipCidrRange: "10.5.0.0/20" }),
            /conflicts with existing subnetwork 'one'/,
        );
        await make(tokens.subnetwork, { name: "three", network: "shop", ipCidrRange: "10.0.16.0/20" });
    });

    it("demands that the API is enabled in the very project", async () => {
        cloud.addProject({ id: "acme-prod", number: "1002", owner: admin });
        await assert.rejects(
            make(tokens.network, { name: "shop", project: "acme-prod" }),
            /compute API has not been used in project 1002 before or it is disabled/,
        );
    });

    it("refuses a member without the permission, and names both", async () => {
        cloud.addIdentity({ token: "t", member: "user:guest@acme.example" });
        const guest = await gcpDouble(cloud, admin).configure({ project: "acme-dev", accessToken: "t" });
        const inputs = { name: "shop", project: "acme-dev" };
        await assert.rejects(
            guest.create({ token: tokens.network, inputs, preview: false }),
            /Error 403: Permission 'compute\.networks\.create' denied on resource .*projects\/acme-dev' .* for user:guest@acme\.example/,
        );
        await assert.rejects(gcpDouble(cloud, admin).configure({ accessToken: "forged" }), /Error 401/);
    });

    it("keeps a cluster that is protected from deletion", async () => {
        await make(tokens.network, { name: "shop" });
        const { id, outputs } = await make(tokens.cluster, { name: "shop", enableAutopilot: true, network: "shop" });
        await assert.rejects(gcp.delete({ token: tokens.cluster, id, outputs }), /deletion_protection is set to true/);

        await gcp.delete({ token: tokens.cluster, id, outputs: { ...outputs, deletionProtection: false } });
        assert.deepEqual(cloud.clusters(), []);
    });

    it("makes no node pool in Autopilot", async () => {
        await make(tokens.network, { name: "shop" });
        await make(tokens.cluster, { name: "shop", enableAutopilot: true, network: "shop" });
        await assert.rejects(
            make(tokens.nodePool, { name: "pool", cluster: "shop" }),
            /Autopilot node pools cannot be accessed or modified/,
        );
    });

    it("takes a GitHub issuer only with a condition on its claims, and keeps a deleted pool's id for 30 days", async () => {
        const pool = await make(tokens.pool, { workloadIdentityPoolId: "github" });
        assert.equal(pool.outputs.name, "projects/1001/locations/global/workloadIdentityPools/github");
        const provider = {
            ...{ workloadIdentityPoolId: "github", workloadIdentityPoolProviderId: "actions" },
            oidc: { issuerUri: "https://token.actions.githubusercontent.com" },
            attributeMapping: { "google.subject": "assertion.sub" },
        };
        await assert.rejects(
            make(tokens.poolProvider, provider),
            /The attribute condition must reference one of the provider's claims/,
        );
        assert.match(
            await faults(tokens.poolProvider, { ...provider, attributeCondition: "a".repeat(4097) }),
            /4097 characters; at most 4096/,
        );
        assert.match(
            await faults(tokens.poolProvider, { ...provider, attributeMapping: { "attribute.Ref": "x" } }),
            /must map google\.subject.*attribute\.Ref is no attribute/,
        );
        assert.match(
            await faults(tokens.poolProvider, { ...provider, attributeCondition: "assertion.ref in ('main'" }),
            /Failed to compile assertion\.ref in \('main'/,
        );
        await make(tokens.poolProvider, { ...provider, attributeCondition: "assertion.repository_id == '1'" });

        await gcp.delete({ token: tokens.pool, id: pool.id, outputs: pool.outputs });
        await assert.rejects(make(tokens.pool, { workloadIdentityPoolId: "github" }), /Requested entity already exists: .*30 days/);
    });

    it("never gives a key's name free again", async () => {
        const { id, outputs } = await make(tokens.keyRing, { name: "state", location: "europe-west1" });
        await gcp.delete({ token: tokens.keyRing, id, outputs });
        await assert.rejects(make(tokens.keyRing, { name: "state", location: "europe-west1" }), /already exists/);
    });

    it("lets a binding work while it stands, and no longer", async () => {
        await make(tokens.repository, { repositoryId: "develop", format: "DOCKER" });
        const { outputs: account } = await make(tokens.account, { accountId: "builder" });
        const binding = { repository: "develop", role: "roles/artifactregistry.writer", member: String(account.member) };
        const { id, outputs } = await make(tokens.repositoryMember, binding);
        const may = () =>
            cloud.allows(
                String(account.member),
                "artifactregistry.repositories.uploadArtifacts",
                "projects/acme-dev/locations/europe-west1/repositories/develop",
            );

        assert.equal(may(), true);
        await gcp.delete({ token: tokens.repositoryMember, id, outputs });
        assert.equal(may(), false);
        assert.equal(await gcp.read({ token: tokens.repositoryMember, id, inputs: binding, outputs }), undefined);
    });

    it("lets somebody read a secret that is there, where the API is enabled, and no other", async () => {
        const member =
            "principal://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/acme-dev.svc.id.goog/subject/ns/shop/sa/cart";
        const binding = { secretId: "db", role: "roles/secretmanager.secretAccessor", member };
        await assert.rejects(make(tokens.secretMember, binding), /secretmanager API has not been used/);
        await make(tokens.service, { service: "secretmanager.googleapis.com" });
        await assert.rejects(
            make(tokens.secretMember, binding),
            /The resource 'projects\/acme-dev\/secrets\/db' was not found \(its secret\)/,
        );
        for (const secret of ["db", "other"]) {
            cloud.addSecretVersion({ project: "acme-dev", secret, value: "geheim" });
        }
        await assert.rejects(make(tokens.secretMember, binding), /Identity Pool does not exist \(acme-dev\.svc\.id\.goog\)/);
        await make(tokens.network, { name: "shop" });
        await make(tokens.cluster, { name: "shop", enableAutopilot: true, network: "shop" });
        await assert.rejects(
            make(tokens.secretMember, { ...binding, role: "roles/iam.workloadIdentityUser" }),
            /is not supported for this resource/,
        );
        await make(tokens.secretMember, binding);

        const may = (secret: string) =>
            cloud.allows(member, "secretmanager.versions.access", `projects/acme-dev/secrets/${secret}/versions/1`);
        assert.deepEqual([may("db"), may("other")], [true, false]);
    });

    it("replaces what has no update and changes the rest in place", async () => {
        const before = { repositoryId: "develop", location: "europe-west1", format: "DOCKER", labels: { team: "a" } };
        const changes = async (inputs: Values) =>
            (await gcp.diff({ token: tokens.repository, id: "", oldInputs: before, oldOutputs: {}, inputs, ignore: [] })).changes;

        assert.deepEqual(await changes({ ...before, location: "us-east1" }), { location: { kind: "update", replace: true } });
        assert.deepEqual(await changes({ ...before, labels: { team: "b" } }), {
            "labels.team": { kind: "update", replace: false },
        });
        assert.deepEqual(await changes(before), {});
    });

    it("tells a project's number to whoever may see the project", async () => {
        const token = "gcp:organizations/getProject:getProject";
        assert.equal((await gcp.invoke(token, { projectId: "acme-dev" })).number, "1001");
        await assert.rejects(gcp.invoke(token, { projectId: "acme-prod" }), /Error 403/);
    });
});
