import assert from "node:assert/strict";
import type { Service } from "../../core/settings/model";
import { ofType, promiseOf, record, type Registered } from "./recorder";
import { environment, service, settings } from "./settings";

async function platform(shared = true, names = ["dev", "stage", "prod"], all = settings()): Promise<Registered[]> {
    const { Platform } = await import("../../components/platform");
    const environments = all.environments.filter(({ name }) => names.includes(name));
    return record(
        () => new Platform("acme-shop", { settings: all, target: { kind: "platform", environments, shared }, repositories: [] }),
    );
}

/** Repository → role → members, without what repeats in every line. */
function grants(resources: readonly Registered[]): Record<string, string[]> {
    const result: Record<string, string[]> = {};
    for (const inputs of Object.values(ofType(resources, "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember"))) {
        const role = String(inputs.role).replace("roles/artifactregistry.", "");
        const who = String(inputs.member).replace("serviceAccount:", "").replace(".iam.gserviceaccount.com", "");
        (result[`${String(inputs.project)}/${String(inputs.repository)}`] ??= []).push(`${role} ${who}`);
    }
    return Object.fromEntries(Object.entries(result).map(([repository, lines]) => [repository, lines.sort()]));
}

describe("Platform", () => {
    let resources: Registered[];
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        resources = await platform();
    });

    it("lets a deployer read the tier before and write its own, and nobody write where it should not", () => {
        assert.deepEqual(grants(resources), {
            "acme-dev/develop": [
                "reader auditor@acme-delivery",
                "reader deployer-stage@acme-stage",
                "reader nodes-dev@acme-dev",
                "reader releaser@acme-delivery",
                "writer builder@acme-delivery",
                "writer deployer-dev@acme-dev",
            ],
            "acme-dev/develop-runs": [
                "reader auditor@acme-delivery",
                "reader deployer-stage@acme-stage",
                "reader releaser@acme-delivery",
                "writer deployer-dev@acme-dev",
            ],
            "acme-stage/release-candidate": [
                "reader auditor@acme-delivery",
                "reader deployer-prod@acme-prod",
                "reader nodes-stage@acme-stage",
                "reader releaser@acme-delivery",
                "writer deployer-stage@acme-stage",
            ],
            "acme-stage/release-candidate-runs": [
                "reader auditor@acme-delivery",
                "reader deployer-prod@acme-prod",
                "reader releaser@acme-delivery",
                "writer deployer-stage@acme-stage",
            ],
            "acme-prod/stable": [
                "reader auditor@acme-delivery",
                "reader nodes-prod@acme-prod",
                "reader releaser@acme-delivery",
                "writer deployer-prod@acme-prod",
            ],
            "acme-prod/stable-runs": [
                "reader auditor@acme-delivery",
                "reader releaser@acme-delivery",
                "writer deployer-prod@acme-prod",
            ],
            "acme-delivery/deploy": [
                "reader auditor@acme-delivery",
                "reader deployer-dev@acme-dev",
                "reader deployer-prod@acme-prod",
                "reader deployer-stage@acme-stage",
                "writer releaser@acme-delivery",
            ],
        });
    });

    it("lets a tag move in the first tier alone, and cleans up nowhere else", async () => {
        const repositories = ofType(resources, "gcp:artifactregistry/repository:Repository");
        const told = Object.entries(repositories).map(([name, inputs]) => [
            name,
            (inputs.dockerConfig as { immutableTags: boolean }).immutableTags,
            inputs.cleanupPolicies !== undefined,
        ]);
        assert.deepEqual(told, [
            ["deploy", true, false],
            ["dev-develop", false, true],
            ["dev-develop-runs", true, false],
            ["prod-stable", true, false],
            ["prod-stable-runs", true, false],
            ["stage-release-candidate", true, false],
            ["stage-release-candidate-runs", true, false],
        ]);
    });

    it("makes every identity without a key, and lets exactly its own workflow act as it", async () => {
        assert.deepEqual(
            resources.filter(({ type }) => /Key$/.test(type)),
            [],
        );
        const pool = "principalSet://iam.googleapis.com/projects/100/locations/global/workloadIdentityPools/oneflow-github";
        const workflow = (name: string) =>
            `${pool}/attribute.workflow/7001@acme/shop/.github/workflows/oneflow-${name}.yml@refs/heads/main`;
        const deployment = (name: string, branch: string) =>
            `${pool}/attribute.deployment/7001@acme/shop/.github/workflows/oneflow-deploy.yml@refs/heads/main@${name}@refs/heads/${branch}`;
        const members = Object.entries(ofType(resources, "gcp:serviceaccount/iAMMember:IAMMember")).map(
            ([name, { role, member }]) => {
                assert.equal(role, "roles/iam.workloadIdentityUser");
                return [name, member];
            },
        );
        assert.deepEqual(members, [
            ["auditor-impersonator-drift-acme-shop", workflow("drift")],
            ["auditor-impersonator-promote-acme-shop", workflow("promote")],
            ["builder-impersonator-build-acme-shop", workflow("build")],
            ["dev-deployer-impersonator-deploy-acme-shop", deployment("dev", "develop")],
            ["prod-deployer-impersonator-deploy-acme-shop", deployment("prod", "main")],
            ["releaser-impersonator-release-acme-shop", workflow("release")],
            ["stage-deployer-impersonator-deploy-acme-shop", deployment("stage", "main")],
        ]);
    });

    it("takes GitHub tokens by numeric ids and by the workflow on the protected branch, never by `sub`", async () => {
        const provider = ofType(resources, "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider").github;
        assert.equal(
            provider.attributeCondition,
            "assertion.repository_owner_id in ['42'] && assertion.repository_id in ['7001']" +
                " && assertion.job_workflow_ref.startsWith('acme/shop/.github/workflows/') && assertion.job_workflow_ref.endsWith('@refs/heads/main')" +
                " && assertion.event_name in ['push', 'schedule', 'workflow_dispatch']" +
                " && (assertion.ref in ['refs/heads/develop', 'refs/heads/main', 'refs/heads/master'] || assertion.ref.startsWith('refs/heads/hotfix/')" +
                " || assertion.ref.startsWith('refs/tags/v'))" +
                " && assertion.ref.startsWith('refs/tags/v') == (assertion.job_workflow_ref in ['acme/shop/.github/workflows/oneflow-release.yml@refs/heads/main'])",
        );
        assert.deepEqual(provider.oidc, { issuerUri: "https://token.actions.githubusercontent.com" });
        assert.ok(!JSON.stringify(provider).includes("assertion.sub"));
    });

    it("makes clusters that are private, hardened and kept, with attested images in the last environment alone", async () => {
        const clusters = ofType(resources, "gcp:container/cluster:Cluster");
        assert.deepEqual(Object.keys(clusters), ["dev-europe-west1", "prod-europe-west1", "stage-europe-west1"]);
        for (const [name, cluster] of Object.entries(clusters)) {
            const { binaryAuthorization, ...hardening } = cluster as Record<string, { evaluationMode?: string }>;
            assert.equal(
                binaryAuthorization.evaluationMode,
                name === "prod-europe-west1" ? "PROJECT_SINGLETON_POLICY_ENFORCE" : "DISABLED",
            );
            assert.deepEqual(
                {
                    privateClusterConfig: hardening.privateClusterConfig,
                    controlPlaneEndpointsConfig: hardening.controlPlaneEndpointsConfig,
                    datapathProvider: hardening.datapathProvider,
                    deletionProtection: hardening.deletionProtection,
                    rbacBindingConfig: hardening.rbacBindingConfig,
                    enableAutopilot: hardening.enableAutopilot,
                    workloadIdentityConfig: hardening.workloadIdentityConfig,
                },
                {
                    privateClusterConfig: { enablePrivateNodes: true },
                    controlPlaneEndpointsConfig: {
                        dnsEndpointConfig: { allowExternalTraffic: true },
                        ipEndpointsConfig: { enabled: false },
                    },
                    datapathProvider: "ADVANCED_DATAPATH",
                    deletionProtection: true,
                    rbacBindingConfig: {
                        enableInsecureBindingSystemAuthenticated: false,
                        enableInsecureBindingSystemUnauthenticated: false,
                    },
                    enableAutopilot: true,
                    workloadIdentityConfig: { workloadPool: `acme-${name.split("-")[0]}.svc.id.goog` },
                },
            );
        }
    });

    it("gives each environment a namespace that takes restricted pods only, where its deployer cannot read Secrets", async () => {
        const namespaces = Object.values(ofType(resources, "kubernetes:core/v1:Namespace")) as {
            metadata: { name: string; labels: Record<string, string> };
        }[];
        assert.deepEqual(
            namespaces.map(({ metadata }) => [metadata.name, metadata.labels["pod-security.kubernetes.io/enforce"]]),
            [
                ["acme-shop-dev", "restricted"],
                ["acme-shop-prod", "restricted"],
                ["acme-shop-stage", "restricted"],
            ],
        );
        const roles = ofType(resources, "kubernetes:rbac.authorization.k8s.io/v1:Role") as unknown as Record<
            string,
            { rules: { resources: string[]; verbs: string[] }[] }
        >;
        const touched = new Set(Object.values(roles).flatMap(({ rules }) => rules.flatMap((rule) => rule.resources)));
        for (const forbidden of ["secrets", "pods/exec", "roles", "rolebindings", "*"]) {
            assert.ok(!touched.has(forbidden), forbidden);
        }
        const bindings = ofType(resources, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding") as unknown as Record<
            string,
            { subjects: { name: string }[] }
        >;
        assert.equal(
            bindings["prod-europe-west1-deployer-binding"].subjects[0].name,
            "deployer-prod@acme-prod.iam.gserviceaccount.com",
        );
    });

    it("grants nothing to a member that another stack makes, and lets that stack grant it", async () => {
        const shared = grants(await platform(true, ["dev", "stage"]));
        assert.ok(!JSON.stringify(shared).includes("deployer-prod"));
        const own = grants(await platform(false, ["prod"]));
        assert.deepEqual(own["acme-stage/release-candidate"], ["reader deployer-prod@acme-prod"]);
        assert.deepEqual(own["acme-stage/release-candidate-runs"], ["reader deployer-prod@acme-prod"]);
        assert.deepEqual(own["acme-delivery/deploy"], ["reader deployer-prod@acme-prod"]);
        assert.deepEqual(
            [...new Set([...Object.keys(shared), ...Object.keys(own)])].sort(),
            Object.keys(grants(resources)).sort(),
            "together they are one platform",
        );
    });

    it("lets deployer and auditor reach the clusters, and gives neither a right on anything else in the project", () => {
        const roles = Object.values(ofType(resources, "gcp:projects/iAMMember:IAMMember")).map(
            ({ project, role, member }) =>
                `${String(project)} ${String(role).split("/").pop()} ${String(member).split(":")[1].split("@")[0]}`,
        );
        assert.deepEqual(roles.sort(), [
            "acme-dev container.defaultNodeServiceAccount nodes-dev",
            "acme-dev oneflow.acme_shop.dev.clusterAccess auditor",
            "acme-dev oneflow.acme_shop.dev.clusterAccess deployer-dev",
            "acme-prod container.defaultNodeServiceAccount nodes-prod",
            "acme-prod oneflow.acme_shop.prod.clusterAccess auditor",
            "acme-prod oneflow.acme_shop.prod.clusterAccess deployer-prod",
            "acme-stage container.defaultNodeServiceAccount nodes-stage",
            "acme-stage oneflow.acme_shop.stage.clusterAccess auditor",
            "acme-stage oneflow.acme_shop.stage.clusterAccess deployer-stage",
        ]);
    });

    describe("where services use Google Cloud", () => {
        const password = { secretManager: "cart-db", version: 7 };
        const catalog = {
            services: {
                cart: service("cart", {
                    env: { PASSWORD: password, KEY: { secretManager: "payment_key", version: 1 } },
                    migrate: { env: { OWNER: { secretManager: "cart-owner", version: 2 } }, timeoutSeconds: 60 },
                    environments: { prod: { env: { PASSWORD: { ...password, version: 9 } } } },
                }),
                checkout: service("checkout", {
                    volumes: [
                        {
                            name: "tls",
                            mountPath: "/tls",
                            memory: false,
                            versions: { "tls.key": { secretManager: "tls-key", version: 1 } },
                        },
                    ],
                    environments: { prod: { identity: "checkout@acme-shared.iam.gserviceaccount.com" } },
                }),
                mailer: service("mailer", {
                    env: { TOKEN: { secretManager: "smtp", version: 1 } },
                    identity: "mailer@acme-dev.iam.gserviceaccount.com",
                }),
            },
        };
        let using: Registered[];
        before(async () => {
            using = await platform(true, ["dev", "prod"], settings({ catalog }));
        });
        const account = (name: string, service: string) =>
            `principal://iam.googleapis.com/projects/100/locations/global/workloadIdentityPools/acme-${name}.svc.id.goog` +
            `/subject/ns/acme-shop-${name}/sa/${service}`;

        it("lets each read exactly the secrets that it names, as its own account or as the one that it acts as", () => {
            const told = Object.entries(ofType(using, "gcp:secretmanager/secretIamMember:SecretIamMember")).map(
                ([name, { project, secretId, role, member }]) => {
                    assert.equal(role, "roles/secretmanager.secretAccessor");
                    return [name, project, secretId, member];
                },
            );
            const mailer = "serviceAccount:mailer@acme-dev.iam.gserviceaccount.com";
            assert.deepEqual(told, [
                ["dev_cart_reads_cart-db", "acme-dev", "cart-db", account("dev", "cart")],
                ["dev_cart_reads_cart-owner", "acme-dev", "cart-owner", account("dev", "cart")],
                ["dev_cart_reads_payment_key", "acme-dev", "payment_key", account("dev", "cart")],
                ["dev_checkout_reads_tls-key", "acme-dev", "tls-key", account("dev", "checkout")],
                ["dev_mailer_reads_smtp", "acme-dev", "smtp", mailer],
                ["prod_cart_reads_cart-db", "acme-prod", "cart-db", account("prod", "cart")],
                ["prod_cart_reads_cart-owner", "acme-prod", "cart-owner", account("prod", "cart")],
                ["prod_cart_reads_payment_key", "acme-prod", "payment_key", account("prod", "cart")],
                [
                    "prod_checkout_reads_tls-key",
                    "acme-prod",
                    "tls-key",
                    "serviceAccount:checkout@acme-shared.iam.gserviceaccount.com",
                ],
                ["prod_mailer_reads_smtp", "acme-prod", "smtp", mailer],
            ]);
        });

        it("lets the pods of each act as the account that its entry names there, and as no other", () => {
            const told = Object.entries(ofType(using, "gcp:serviceaccount/iAMMember:IAMMember"))
                .filter(([name]) => name.endsWith("_identity"))
                .map(([name, { serviceAccountId, role, member }]) => [name, serviceAccountId, role, member]);
            const [user, mailer] = ["roles/iam.workloadIdentityUser", "mailer@acme-dev.iam.gserviceaccount.com"];
            assert.deepEqual(told, [
                [
                    "dev_mailer_identity",
                    `projects/acme-dev/serviceAccounts/${mailer}`,
                    user,
                    "serviceAccount:acme-dev.svc.id.goog[acme-shop-dev/mailer]",
                ],
                [
                    "prod_checkout_identity",
                    "projects/acme-shared/serviceAccounts/checkout@acme-shared.iam.gserviceaccount.com",
                    user,
                    "serviceAccount:acme-prod.svc.id.goog[acme-shop-prod/checkout]",
                ],
                [
                    "prod_mailer_identity",
                    `projects/acme-dev/serviceAccounts/${mailer}`,
                    user,
                    "serviceAccount:acme-prod.svc.id.goog[acme-shop-prod/mailer]",
                ],
            ]);
        });

        it("enables Secret Manager and the ways into the clusters that are used, which it does nowhere else", async () => {
            const ways = (found: Registered[]) =>
                Object.values(ofType(found, "gcp:container/cluster:Cluster")).map(({ secretSyncConfig, secretManagerConfig }) => ({
                    secretSyncConfig,
                    secretManagerConfig,
                }));
            const apis = (found: Registered[]) =>
                Object.keys(ofType(found, "gcp:projects/service:Service")).filter((name) => name.endsWith("-secretmanager"));
            const [on, off] = [{ enabled: true }, undefined];
            const both = { secretSyncConfig: on, secretManagerConfig: on };
            assert.deepEqual(
                [ways(using), apis(using)],
                [
                    [both, both],
                    ["dev-secretmanager", "prod-secretmanager"],
                ],
            );

            const { mailer, checkout } = catalog.services;
            const one = async (service: Service) =>
                platform(true, ["dev"], settings({ catalog: { services: { [service.name]: service } } }));
            assert.deepEqual(ways(await one(mailer)), [{ secretSyncConfig: on, secretManagerConfig: off }]);
            assert.deepEqual(ways(await one(checkout)), [{ secretSyncConfig: off, secretManagerConfig: on }]);

            const neither = { secretSyncConfig: off, secretManagerConfig: off };
            assert.deepEqual([ways(resources), apis(resources)], [[neither, neither, neither], []]);
        });

        it("grants nothing where it makes no cluster: nobody tells in which pool the accounts of a given one are known", async () => {
            const given = { name: "kind", region: "europe-west1", context: "kind", managed: false };
            const environments = [environment("dev", { clusters: [given] })];
            const found = await platform(true, ["dev"], settings({ catalog, environments }));
            assert.deepEqual(ofType(found, "oneflow:index:WorkloadAccess"), {});
            assert.deepEqual(ofType(found, "gcp:secretmanager/secretIamMember:SecretIamMember"), {});
        });
    });

    it("leaves what exists once to the shared platform stack", async () => {
        const own = await platform(false);
        const types = new Set(own.map(({ type }) => type));
        assert.ok(!types.has("gcp:iam/workloadIdentityPool:WorkloadIdentityPool"));
        assert.deepEqual(
            Object.keys(ofType(own, "gcp:serviceaccount/account:Account")).filter((name) => !/-(deployer|nodes)$/.test(name)),
            [],
        );
        assert.ok(!("deploy" in ofType(own, "gcp:artifactregistry/repository:Repository")));
        const { member } = ofType(own, "gcp:serviceaccount/iAMMember:IAMMember")["prod-deployer-impersonator-deploy-acme-shop"];
        assert.match(
            String(member),
            /projects\/100\/locations\/global\/workloadIdentityPools\/oneflow-github\/attribute\.deployment/,
        );
    });
});

describe("Platform, where releases are signed,", () => {
    const own = "projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/releases";
    const signing = (key: string) => settings({ delivery: { ...settings().delivery, signing: { key, publicKeys: [] } } });
    const keys = (found: readonly Registered[]) => ofType(found, "gcp:kms/cryptoKey:CryptoKey");
    const signers = (found: readonly Registered[]) =>
        Object.values(ofType(found, "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")).filter(
            ({ role }) => role !== "roles/cloudkms.cryptoKeyDecrypter",
        );
    const granted = (cryptoKeyId: string) => [
        {
            cryptoKeyId,
            role: "roles/cloudkms.signerVerifier",
            member: "serviceAccount:releaser@acme-delivery.iam.gserviceaccount.com",
        },
    ];

    it("makes the key in the ring of the bootstrap, and lets the releaser sign and nobody else", async () => {
        const found = await platform(true, ["dev"], signing(`${own}/cryptoKeyVersions/1`));
        assert.deepEqual(keys(found), {
            releases: {
                name: "releases",
                keyRing: "projects/acme-delivery/locations/europe-west1/keyRings/oneflow",
                purpose: "ASYMMETRIC_SIGN",
                versionTemplate: { algorithm: "EC_SIGN_P256_SHA256", protectionLevel: "SOFTWARE" },
            },
        });
        assert.deepEqual(signers(found), granted(own));
    });

    it("keeps the key where another version of it signs", async () => {
        const found = await platform(true, ["dev"], signing(`${own}/cryptoKeyVersions/2`));
        assert.deepEqual([Object.keys(keys(found)), signers(found)], [["releases"], granted(own)]);
    });

    it("makes none where the settings name another, and grants on that", async () => {
        const other = "projects/acme-keys/locations/global/keyRings/hsm/cryptoKeys/shop";
        const found = await platform(true, ["dev"], signing(`${other}/cryptoKeyVersions/3`));
        assert.deepEqual([keys(found), signers(found)], [{}, granted(other)]);
    });

    it("tells the public key, which is committed", async () => {
        const { Platform } = await import("../../components/platform");
        const all = signing(`${own}/cryptoKeyVersions/1`);
        let told: Promise<string> | undefined;
        await record(() => {
            const made = new Platform("acme-shop", {
                settings: all,
                target: { kind: "platform", environments: [], shared: true },
                repositories: [],
            });
            told = promiseOf(made.publicKey!);
        });
        assert.equal(await told, `public key of ${own}`);
    });

    it("does none of it where they are not, nor in a platform stack that is not the shared one", async () => {
        for (const found of [
            await platform(true, ["dev"]),
            await platform(false, ["dev"], signing(`${own}/cryptoKeyVersions/1`)),
        ]) {
            assert.deepEqual([keys(found), signers(found)], [{}, []]);
        }
    });
});
