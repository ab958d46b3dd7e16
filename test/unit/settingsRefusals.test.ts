import assert from "node:assert/strict";
import type { Problem } from "../../core/refusal";
import { loadSettings } from "../../core/settings/load";
import { catalog, environmentFile, type Files, otherSha, platformFile, problemsOf, redis, sha, withFiles } from "./settingsFixture";

const stage = (config: object): Files => ({
    "Pulumi.stage.yaml": environmentFile("stage", { "shop:environment": { promotesFrom: "dev" }, ...config }),
});
const environment = (entry: object): Files => stage({ "shop:environment": { promotesFrom: "dev", ...entry } });
const platform = (entry: object, config?: object): Files => ({
    "Pulumi.platform.yaml": platformFile({ environments: ["dev", "stage", "prod"], ...entry }, config),
});
const cart = (entry: object): Files => catalog({ cart: { source: "src/cart", port: 7070, ...entry } });

const fullSha = "expected a full commit SHA: 40 lower-case hex digits";

/** What is wrong → the files, and the only problem that is told. */
type Case = [string, Files, Problem, string?];

function refuses(cases: Case[]): void {
    for (const [mistake, files, problem, stack] of cases) {
        it(mistake, () => assert.deepEqual(problemsOf(files, stack), [problem]));
    }
}

describe("A commit is refused, with what was probably meant:", () => {
    const refused = (commit: string, message: string, remedy: string): [Files, Problem] => [
        stage({ "shop:commit": commit }),
        { subject: "Pulumi.stage.yaml: shop:commit", message, remedy },
    ];
    refuses([
        [
            "a short SHA",
            ...refused(
                "3c2d91a",
                `"3c2d91a" is a short SHA of 7 digits; ${fullSha}`,
                'pulumi config set commit "$(git rev-parse 3c2d91a)" -s stage',
            ),
        ],
        [
            "a SHA in upper case",
            ...refused(
                sha.toUpperCase(),
                `"${sha.toUpperCase()}" has upper-case letters; ${fullSha}`,
                `pulumi config set commit ${sha} -s stage`,
            ),
        ],
        [
            "a SHA with a digit too many",
            ...refused(`${sha}0`, `"${sha}0" has 41 digits; ${fullSha}`, "pulumi config set commit <full sha> -s stage"),
        ],
        [
            "a branch",
            ...refused(
                "feature/x y",
                `"feature/x y" is no commit, but perhaps a branch, and a branch moves; ${fullSha}`,
                `pulumi config set commit "$(git rev-parse 'feature/x y')" -s stage`,
            ),
        ],
        [
            "a version without its v",
            ...refused("1.4.0", '"1.4.0" is no release; expected its tag: v1.4.0', "pulumi config set commit v1.4.0 -s stage"),
        ],
        [
            "a release of which no registry can have the tag",
            ...refused(
                "v1.4.0+build.7",
                '"v1.4.0+build.7" is no release; expected its tag: v1.4.0',
                "pulumi config set commit v1.4.0 -s stage",
            ),
        ],
        [
            "latest where it is not the first environment",
            ...refused(
                "latest",
                "latest is for the first environment only, and stage is not: what runs here is named, so that it can be told and repeated",
                "pulumi config set commit <full sha, or a release> -s stage",
            ),
        ],
        [
            "a map",
            stage({ "shop:commit": { sha } }),
            {
                subject: "Pulumi.stage.yaml: shop:commit",
                message: `{"sha":"${sha}"} is not a commit; expected a full commit SHA or a release`,
                remedy: "pulumi config set commit <sha> -s stage",
            },
        ],
        [
            "a SHA where several repositories are built from",
            {
                ...stage({ "shop:commit": sha }),
                ...cart({ source: { repository: "acme/cart", path: "src" } }),
                ...twoRepositories(),
            },
            {
                subject: "Pulumi.stage.yaml: shop:commit",
                message: "one SHA cannot name the images of 2 repositories, acme/cart, acme/shop; expected a release: v1.4.0",
                remedy: "pulumi config set commit v1.4.0 -s stage   # the release that is meant",
            },
        ],
        [
            "a SHA in the first environment where several repositories are built from",
            { "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": sha }), ...twoRepositories() },
            {
                subject: "Pulumi.dev.yaml: shop:commit",
                message: "one SHA cannot name the images of 2 repositories, acme/cart, acme/shop; expected latest or a release",
                remedy: "pulumi config set commit latest -s dev",
            },
            "dev",
        ],
    ]);

    it("but a release is taken everywhere, from several repositories too", () => {
        const released = stage({ "shop:commit": "v1.4.0-rc.1" });
        assert.deepEqual(problemsOf(released), []);
        assert.deepEqual(problemsOf({ ...released, ...twoRepositories() }), []);
        const dev = { "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": "v1.4.0" }) };
        assert.deepEqual(problemsOf(dev, "dev"), []);
    });

    it("but latest is taken in the first environment, from several repositories too", () => {
        const dev = { "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": "latest" }) };
        assert.deepEqual(problemsOf(dev, "dev"), []);
        assert.deepEqual(problemsOf({ ...dev, ...twoRepositories() }, "dev"), []);
    });
});

function twoRepositories(): Files {
    return catalog({ cart: { source: { repository: "acme/cart", path: "src" }, port: 1 }, web: { source: "src/web", port: 1 } });
}

describe("A pin is refused:", () => {
    refuses([
        [
            "of a service that does not exist",
            stage({ "shop:pins": { crat: sha } }),
            {
                subject: "Pulumi.stage.yaml: shop:pins.crat",
                message: 'services.yaml has no service crat; did you mean "cart"?',
                remedy: `pulumi config rm --path pins.crat -s stage && pulumi config set --path pins.cart ${sha} -s stage`,
            },
        ],
        [
            "at latest",
            stage({ "shop:pins": { cart: "latest" } }),
            {
                subject: "Pulumi.stage.yaml: shop:pins.cart",
                message: "latest is no pin: a pin holds a service at one commit",
                remedy: "pulumi config set --path pins.cart <full sha> -s stage",
            },
        ],
        [
            "at a short SHA",
            stage({ "shop:pins": { cart: "3c2d91a" } }),
            {
                subject: "Pulumi.stage.yaml: shop:pins.cart",
                message: `"3c2d91a" is a short SHA of 7 digits; ${fullSha}`,
                remedy: 'pulumi config set --path pins.cart "$(git rev-parse 3c2d91a)" -s stage',
            },
        ],
        [
            "at a number",
            stage({ "shop:pins": { cart: 7 } }),
            {
                subject: "Pulumi.stage.yaml: shop:pins.cart",
                message: "7 is not a full commit SHA: quote it",
                remedy: "pulumi config set --path pins.cart <sha> -s stage",
            },
        ],
        [
            "that is a text instead of a map",
            stage({ "shop:pins": sha }),
            {
                subject: "Pulumi.stage.yaml: shop:pins",
                message: `"${sha}" is not a map of service → full commit SHA`,
                remedy: "pulumi config rm pins -s stage && pulumi config set --path 'pins.<service>' <sha> -s stage",
            },
        ],
    ]);
});

describe("A stack file is refused:", () => {
    refuses([
        [
            "without a Google Cloud project, suggesting one like its neighbours'",
            { "Pulumi.stage.yaml": { config: { "gcp:region": "europe-west1", "shop:environment": { promotesFrom: "dev" } } } },
            {
                subject: "Pulumi.stage.yaml: gcp:project",
                message:
                    "missing; expected a Google Cloud project id: 6 to 30 lower-case letters, digits and dashes, a letter first, no dash last",
                remedy: "pulumi config set gcp:project acme-stage -s stage",
            },
        ],
        [
            "without a region",
            { "Pulumi.stage.yaml": { config: { "gcp:project": "acme-stage", "shop:environment": { promotesFrom: "dev" } } } },
            {
                subject: "Pulumi.stage.yaml: gcp:region",
                message: "missing; expected a Google Cloud region: europe-west1 (a zone has a letter more)",
                remedy: "pulumi config set gcp:region europe-west1 -s stage",
            },
        ],
        [
            "with a zone for a region",
            stage({ "gcp:region": "europe-west1-b" }),
            {
                subject: "Pulumi.stage.yaml: gcp:region",
                message: '"europe-west1-b" is not a Google Cloud region: europe-west1 (a zone has a letter more)',
            },
        ],
        [
            "with a project id that Google would not take",
            stage({ "gcp:project": "Acme" }),
            {
                subject: "Pulumi.stage.yaml: gcp:project",
                message:
                    '"Acme" is not a Google Cloud project id: 6 to 30 lower-case letters, digits and dashes, a letter first, no dash last',
            },
        ],
        [
            "with a mistyped key",
            stage({ "shop:comit": sha }),
            {
                subject: "Pulumi.stage.yaml: shop:comit",
                message: 'unknown key; did you mean "commit"?',
                remedy: `pulumi config set commit ${sha} -s stage, and pulumi config rm shop:comit -s stage`,
            },
        ],
        [
            "with a mistyped namespace",
            stage({ "shp:commit": sha }),
            {
                subject: "Pulumi.stage.yaml: shp:commit",
                message: 'is in the namespace shp, which nothing here reads; did you mean "shop"?',
                remedy: "pulumi config rm shp:commit -s stage",
            },
        ],
        [
            "with a key that configures a provider",
            stage({ "kubernetes:context": "kind" }),
            {
                subject: "Pulumi.stage.yaml: kubernetes:context",
                message: "configures the kubernetes provider, which the program does itself; allowed here: gcp:project, gcp:region",
                remedy: "pulumi config rm kubernetes:context -s stage; credentials come from the environment of the process",
            },
        ],
        [
            "with github:owner outside a platform stack",
            stage({ "github:owner": "acme" }),
            {
                subject: "Pulumi.stage.yaml: github:owner",
                message: "configures the github provider, which the program does itself; allowed here: gcp:project, gcp:region",
                remedy: "pulumi config rm github:owner -s stage; credentials come from the environment of the process",
            },
        ],
        [
            "with a secret",
            stage({ "shop:commit": { secure: "v1:abc" } }),
            {
                subject: "Pulumi.stage.yaml: shop:commit",
                message: "is encrypted (secure: …), and nothing of it is a secret: other stacks and reviewers read it",
                remedy: "pulumi config set --plaintext shop:commit <value> -s stage",
            },
        ],
        [
            "with a secret inside a map",
            environment({ namespace: { secure: "v1:abc" } }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.namespace",
                message: "is encrypted (secure: …), and nothing of it is a secret: other stacks and reviewers read it",
                remedy: "write the plain value",
            },
        ],
        [
            "with a value of a wrong type",
            environment({ clusters: "europe-west1" }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters",
                message: '"europe-west1" is a text; expected a list of at least one cluster',
            },
        ],
        [
            "with an environment that is a text",
            { "Pulumi.prod.yaml": environmentFile("prod", { "shop:environment": "stage" }) },
            {
                subject: "Pulumi.prod.yaml: shop:environment",
                message:
                    '"stage" is a text; expected a map of promotesFrom, accepts, clusters, namespace, tier, registry, soak, freeze, hotfixes, signed, reviewers',
            },
            "prod",
        ],
        [
            "with a cluster's name that is longer than Google allows",
            environment({ clusters: [{ name: `c${"x".repeat(40)}` }] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters[0].name",
                message: `"c${"x".repeat(40)}" has 41 characters; it is not a name of a GKE cluster: lower-case letters, digits and dashes, a letter first, at most 40 characters`,
            },
        ],
        [
            "with a tier that leaves no room for its run records",
            environment({ tier: "t".repeat(59) }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.tier",
                message: `"${"t".repeat(59)}" has 59 characters; it is not an id of a registry repository: lower-case letters, digits and dashes, a letter first, at most 58 characters (its run records stand in <tier>-runs)`,
            },
        ],
        [
            "with a registry that is an address with a scheme",
            environment({ registry: "https://europe-west1-docker.pkg.dev/acme" }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.registry",
                message:
                    '"https://europe-west1-docker.pkg.dev/acme" is not a registry with a path, without https:// and without a tag: europe-west1-docker.pkg.dev/acme-dev',
            },
        ],
        [
            "with a registry whose path leaves no room for the images",
            environment({ registry: `127.0.0.1:5000/${"r".repeat(222)}` }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.registry",
                message: `is too long: ${"r".repeat(222)}/release-candidate/locks/acme/shop has 256 characters, and a registry takes 255`,
                remedy: "write a shorter one",
            },
        ],
        [
            "with the namespace default",
            environment({ namespace: "default" }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.namespace",
                message:
                    '"default" is not a namespace for workloads: lower-case letters, digits and dashes, at most 63 characters, neither default nor kube-…',
            },
        ],
        [
            "that does not exist",
            {},
            {
                subject: "Pulumi.stagee.yaml",
                message: 'does not exist; did you mean "stage"?',
                remedy: "pulumi stack init stagee",
            },
            "stagee",
        ],
    ]);

    it("with the name of a project that is too long for a label", () => {
        const files = { "Pulumi.yaml": { name: "s".repeat(64) }, "Pulumi.platform.yaml": undefined };
        assert.deepEqual(problemsOf(files)[0], {
            subject: "Pulumi.yaml: name",
            message: `"${"s".repeat(64)}" cannot be the value of a label: expected at most 63 letters, digits, dashes, dots and underscores`,
            remedy: "choose another name before the first pulumi up",
        });
    });

    it("with a map that is no JSON, as Pulumi hands it over", () => {
        withFiles({}, (directory) => {
            const config = { "gcp:project": "acme-dev", "gcp:region": "europe-west1", "shop:pins": "{cart" };
            assert.throws(
                () => loadSettings({ directory, stack: "dev", config }),
                /Pulumi\.dev\.yaml: shop:pins +\{cart is not JSON: /,
            );
        });
    });

    it("with the name of a project whose environments' names cannot be built from it", () => {
        const files = {
            "Pulumi.yaml": { name: "acme.shop" },
            "Pulumi.platform.yaml": renamed(platformFile({ environments: ["dev"] })),
        };
        assert.deepEqual(
            problemsOf({ ...files, "Pulumi.dev.yaml": environmentFile("dev") }, "dev").map(({ subject }) => subject),
            ["Pulumi.dev.yaml: acme.shop:environment.clusters[0].name", "Pulumi.dev.yaml: acme.shop:environment.namespace"],
        );
    });
});

function renamed(file: object): object {
    return JSON.parse(JSON.stringify(file).replaceAll("shop:platform", "acme.shop:platform")) as object;
}

describe("Environments are refused:", () => {
    const promotes = (name: string, promotesFrom?: string): Files => ({
        [`Pulumi.${name}.yaml`]: environmentFile(name, promotesFrom ? { "shop:environment": { promotesFrom } } : {}),
    });
    refuses([
        [
            "one that promotes from nobody known",
            promotes("stage", "devv"),
            {
                subject: "Pulumi.stage.yaml: shop:environment.promotesFrom",
                message: '"devv" is no environment; did you mean "dev"?',
                remedy: "pulumi config set --path environment.promotesFrom dev -s stage",
            },
        ],
        [
            "a circle",
            promotes("dev", "prod"),
            {
                subject: "Pulumi.dev.yaml, Pulumi.prod.yaml, Pulumi.stage.yaml: shop:environment.promotesFrom",
                message: "dev promotes from prod promotes from stage promotes from dev: a circle that no commit can enter",
                remedy: "take promotesFrom out of the first environment's file",
            },
        ],
        [
            "one that promotes from itself",
            promotes("prod", "prod"),
            {
                subject: "Pulumi.prod.yaml: shop:environment.promotesFrom",
                message: "prod promotes from prod: a circle that no commit can enter",
                remedy: "take promotesFrom out of the first environment's file",
            },
        ],
        [
            "two with one registry and tier",
            { ...promotes("prod", "dev"), ...stage({ "gcp:project": "acme-prod" }) },
            {
                subject: "Pulumi.prod.yaml: shop:environment.tier",
                message:
                    "europe-west1-docker.pkg.dev/acme-prod/stable belongs to stage already; each environment has a registry repository of its own",
                remedy: "pulumi config set --path environment.tier prod -s prod",
            },
        ],
        [
            "a tier that is the deploy registry",
            { ...environment({ tier: "deploy" }), ...platform({ deploy: "europe-west1-docker.pkg.dev/acme-stage/deploy" }) },
            {
                subject: "Pulumi.stage.yaml: shop:environment.tier",
                message:
                    "europe-west1-docker.pkg.dev/acme-stage/deploy belongs to releases already; each environment has a registry repository of its own",
                remedy: "pulumi config set --path environment.tier stage -s stage",
            },
        ],
        [
            "two in one namespace of one cluster",
            {
                ...environment({ namespace: "shop", clusters: [{ context: "kind" }] }),
                "Pulumi.dev.yaml": environmentFile("dev", {
                    "shop:environment": { namespace: "shop", clusters: [{ context: "kind" }] },
                }),
            },
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters[0]",
                message: "dev deploys to the namespace shop of kind already",
                remedy: "pulumi config set --path environment.namespace <name> -s stage",
            },
        ],
        [
            "a list whose clusters are all suspended",
            environment({ clusters: [{ suspended: true }, { region: "us-east1", suspended: true }] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters",
                message: "all 2 clusters are suspended: nothing would be deployed to",
                remedy: "take suspended out of one of them; to hold the whole environment, leave its commit as it is",
            },
        ],
        [
            "its one cluster that is suspended",
            environment({ clusters: [{ suspended: true }] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters",
                message: "the one cluster is suspended: nothing would be deployed to",
                remedy: "take suspended out of one of them; to hold the whole environment, leave its commit as it is",
            },
        ],
        [
            "a wave before the first",
            environment({ clusters: [{ wave: 0 }, { region: "us-east1", wave: 2 }] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters[0].wave",
                message: "0 is not a whole number from 1 up",
            },
        ],
        [
            "a cluster that stands twice in the list, in different waves",
            environment({ clusters: [{}, { wave: 2 }] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters[1]",
                message: "the cluster gke_acme-stage_europe-west1_shop-stage stands twice in the list",
                remedy: "delete one of the two",
            },
        ],
        [
            "a cluster that stands twice in the list",
            environment({ clusters: [{}, {}] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.clusters[1]",
                message: "the cluster gke_acme-stage_europe-west1_shop-stage stands twice in the list",
                remedy: "delete one of the two",
            },
        ],
        [
            "a stack that no platform lists",
            { ...platform({ environments: ["dev", "prod"] }), ...promotes("prod", "dev") },
            {
                subject: "Pulumi.platform.yaml: shop:platform.environments",
                message: "no platform stack lists stage; listed are: dev, prod",
                remedy: "pulumi config set --path 'platform.environments[2]' stage -s platform",
            },
        ],
        [
            "one that two platforms list",
            { "Pulumi.platform-prod.yaml": { config: { "shop:platform": { environments: ["prod"], shared: false } } } },
            {
                subject: "Pulumi.platform-prod.yaml: shop:platform.environments",
                message: "prod is provisioned by platform already; one platform stack provisions an environment",
                remedy: "take prod out of Pulumi.platform-prod.yaml or of Pulumi.platform.yaml",
            },
        ],
        [
            "one that is listed and has no file",
            { ...platform({ environments: ["dev", "stage", "prod", "qa"] }) },
            {
                subject: "Pulumi.platform.yaml: shop:platform.environments",
                message: "qa has no file Pulumi.qa.yaml",
                remedy: "pulumi stack init qa && pulumi config set gcp:project <project id> -s qa",
            },
        ],
        [
            "one that is listed twice",
            platform({ environments: ["dev", "stage", "prod", "dev"] }),
            {
                subject: "Pulumi.platform.yaml: shop:platform.environments[3]",
                message: "dev is listed twice",
                remedy: "delete one of the two",
            },
        ],
        [
            "a service's exception for one that does not exist",
            cart({ environments: { production: { replicas: 3 } } }),
            {
                subject: "services.yaml: services.cart.environments.production",
                message: "production is no environment; environments: dev, stage, prod",
            },
        ],
    ]);

    it("two without a project or region are not told to collide besides", () => {
        const bare = (promotesFrom: string) => ({ config: { "shop:environment": { promotesFrom } } });
        assert.deepEqual(
            problemsOf({ "Pulumi.stage.yaml": bare("dev"), "Pulumi.prod.yaml": bare("dev") }).map(({ subject }) => subject),
            [
                "Pulumi.stage.yaml: gcp:project",
                "Pulumi.stage.yaml: gcp:region",
                "Pulumi.prod.yaml: gcp:project",
                "Pulumi.prod.yaml: gcp:region",
            ],
        );
    });

    it("two firsts: exactly one is where builds arrive", () => {
        assert.deepEqual(problemsOf(promotes("prod")), [
            {
                subject: "Pulumi.dev.yaml, Pulumi.prod.yaml: shop:environment.promotesFrom",
                message: "dev and prod promote from nothing; exactly one environment is the first, where builds arrive",
                remedy: "pulumi config set --path environment.promotesFrom dev -s prod",
            },
        ]);
    });
});

describe("A platform stack is refused:", () => {
    refuses([
        [
            "where no stack is one",
            { "Pulumi.platform.yaml": undefined },
            {
                subject: "shop:platform",
                message: "no stack has it; expected one platform stack that lists the environments",
                remedy: "pulumi config set --path 'platform.environments[0]' stage -s platform",
            },
        ],
        [
            "where two are shared",
            {
                ...platform({ environments: ["dev", "stage"] }),
                "Pulumi.platform-prod.yaml": platformFile({ environments: ["prod"] }),
            },
            {
                subject: "shop:platform.shared",
                message:
                    "platform and platform-prod are all shared: true; exactly one owns what exists once, such as the deploy registry",
                remedy: "pulumi config set --path platform.shared false -s platform-prod",
            },
        ],
        [
            "where none is shared",
            { "Pulumi.platform.yaml": { config: { "shop:platform": { environments: ["dev", "stage", "prod"], shared: false } } } },
            {
                subject: "shop:platform.shared",
                message: "no platform stack is shared: true; exactly one owns what exists once, such as the deploy registry",
                remedy: "pulumi config set --path platform.shared true -s platform",
            },
        ],
        [
            "that names no operations repository",
            platform({ operations: undefined }),
            {
                subject: "Pulumi.platform.yaml: shop:platform.operations",
                message: "missing; expected the GitHub repository that holds Pulumi.yaml",
                remedy: "pulumi config set --path platform.operations.repository <owner/name> -s platform",
            },
        ],
        [
            "that asks for a commit",
            platform({}, { "shop:commit": sha }),
            {
                subject: "Pulumi.platform.yaml: shop:commit",
                message: "stands in a platform stack; a stack is a platform or an environment",
                remedy: "pulumi config rm shop:commit -s platform",
            },
            "platform",
        ],
        [
            "whose operations repository is an address",
            platform({ operations: { repository: "https://github.com/acme/shop" } }),
            {
                subject: "Pulumi.platform.yaml: shop:platform.operations.repository",
                message: '"https://github.com/acme/shop" is not a GitHub repository: owner/name',
            },
        ],
        [
            "whose releasers are a team of somebody else",
            platform({ releasers: ["acme/releasers", "beta/releasers"] }),
            {
                subject: "shop:platform.releasers",
                message: "beta/releasers is no team of acme, whose repositories it is asked about; expected acme/<team>",
                remedy: "name a team of the owner of the repositories, or delete the line",
            },
        ],
        [
            "that delivers workflow files in a way of its own",
            platform({ workflowFiles: "email" }),
            {
                subject: "Pulumi.platform.yaml: shop:platform.workflowFiles",
                message: '"email" is not pullRequest or direct',
            },
        ],
    ]);

    it("but may name the GitHub owner", () =>
        assert.deepEqual(problemsOf(platform({}, { "github:owner": "acme" }), "platform"), []));
});

describe("Reviewers are refused:", () => {
    refuses([
        [
            "that are no team",
            environment({ reviewers: ["managers"] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.reviewers[0]",
                message: '"managers" is not a GitHub team: owner/team-slug',
            },
        ],
        [
            "that are a team of somebody else",
            environment({ reviewers: ["Acme/managers", "beta/managers"] }),
            {
                subject: "Pulumi.stage.yaml: shop:environment.reviewers",
                message: "beta/managers is no team of acme, whose repositories it is asked about; expected acme/<team>",
                remedy: "name a team of the owner of the repositories, or delete the line",
            },
        ],
    ]);
});

describe("A service is refused:", () => {
    const at = (path: string) => `services.yaml: services.${path}`;
    refuses([
        [
            "with a mistyped key",
            cart({ replica: 2 }),
            { subject: at("cart.replica"), message: 'unknown key; did you mean "replicas"?', remedy: "write replicas" },
        ],
        [
            "with a number among its variables",
            cart({ env: { PORT: 8080 } }),
            { subject: at("cart.env.PORT"), message: '8080 is a number; expected a text: quote it, "8080"' },
        ],
        [
            "with true among its variables",
            cart({ env: { DEBUG: true } }),
            { subject: at("cart.env.DEBUG"), message: 'true is true or false; expected a text: quote it, "true"' },
        ],
        [
            "with a variable that is nothing",
            cart({ env: { DEBUG: null } }),
            { subject: at("cart.env.DEBUG"), message: "is empty; expected a text" },
        ],
        [
            "with a variable that is an empty map",
            cart({ env: { DEBUG: {} } }),
            {
                subject: at("cart.env.DEBUG"),
                message:
                    "is a map that names no Secret; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }",
            },
        ],
        [
            "with a port in quotes",
            cart({ port: "7070" }),
            { subject: at("cart.port"), message: '"7070" is a text; expected a port number from 1 to 65535' },
        ],
        [
            "with a port that is none",
            cart({ port: 70700 }),
            { subject: at("cart.port"), message: "70700 is not a port number from 1 to 65535" },
        ],
        [
            "without a port",
            catalog({ cart: { source: "src/cart" } }),
            { subject: at("cart.port"), message: "missing; a service has a port", remedy: "write port: 8080, or kind: worker" },
        ],
        [
            "with port and ports",
            cart({ ports: { http: 80 } }),
            {
                subject: at("cart.ports"),
                message: "stands beside port: 7070; expected one of the two",
                remedy: "write it among ports, by name",
            },
        ],
        [
            "that is a worker with a port",
            cart({ kind: "worker" }),
            { subject: at("cart.port"), message: "a worker has no port", remedy: "delete the line, or write kind: service" },
        ],
        [
            "with one port twice",
            catalog({ cart: { source: "src/cart", ports: { http: { port: 80, target: 8080 }, web: { port: 80, target: 8081 } } } }),
            { subject: at("cart.ports.web"), message: "port 80 is that of http already" },
        ],
        [
            "with one port of the container twice",
            catalog({ cart: { source: "src/cart", ports: { http: { port: 80, target: 8080 }, web: 8080 } } }),
            { subject: at("cart.ports.web"), message: "the container's port 8080 is that of http already" },
        ],
        [
            "with neither source nor image",
            catalog({ cart: { port: 1 } }),
            {
                subject: at("cart"),
                message:
                    "has neither source nor image; expected source: src/… for an image that is built, or image: name@sha256:… for another's",
            },
        ],
        [
            "with both source and image",
            cart({ image: redis }),
            {
                subject: at("cart"),
                message:
                    "has both source and image; expected source: src/… for an image that is built, or image: name@sha256:… for another's",
            },
        ],
        [
            "whose third-party image has a tag only",
            catalog({ redis: { image: "redis:alpine", port: 6379 } }),
            {
                subject: at("redis.image"),
                message: '"redis:alpine" is not an image by digest: name:tag@sha256:<64 lower-case hex digits>',
            },
        ],
        [
            "that is built from no repository",
            catalog({ cart: { source: "src/cart", port: 1 } }, {}),
            {
                subject: at("cart.source"),
                message: "is built from no repository",
                remedy: "write defaults: { repository: owner/name } at the file's top",
            },
        ],
        [
            "that has the source of another",
            catalog({
                cart: { source: "src/cart", port: 1 },
                basket: { source: { repository: "Acme/Shop", path: "src/cart" }, port: 1 },
            }),
            {
                subject: at("basket.source"),
                message: "src/cart in Acme/Shop is the source of cart already: one image, built twice",
                remedy: "give each service its own folder, Dockerfile or build arguments",
            },
        ],
        [
            "whose source leaves the repository",
            cart({ source: "../cart" }),
            {
                subject: at("cart.source"),
                message: '"../cart" is not a folder of the repository, or { repository, path, dockerfile, args, alsoBuildFrom }',
            },
        ],
        [
            "that is also built from what no Dockerfile can name",
            cart({ source: { path: "src/cart", alsoBuildFrom: ["."] } }),
            {
                subject: at("cart.source.alsoBuildFrom[0]"),
                message:
                    '"." is not a folder that a Dockerfile can name: letters and digits, with dots, dashes or underscores between them, and / between folders; neither a number nor scratch',
            },
        ],
        [
            "that is also built from folders which are one to docker",
            cart({ source: { path: "src/cart", alsoBuildFrom: ["protos", "libs/protos", "Protos"] } }),
            {
                subject: at("cart.source.alsoBuildFrom"),
                message: "protos, Protos are one name to docker, which the Dockerfile would copy from",
                remedy: "rename a folder, or name the one that holds them",
            },
        ],
        [
            "whose source says no path",
            cart({ source: { dockerfile: "Dockerfile" } }),
            {
                subject: at("cart.source.path"),
                message:
                    "missing; expected a path inside the repository: src/name, without / at either end and without . or .. in it",
            },
        ],
        [
            "whose name is too long for its pods",
            catalog({ [`c${"x".repeat(46)}`]: { source: "src/cart", port: 1 } }),
            {
                subject: at(`c${"x".repeat(46)}`),
                message: `"c${"x".repeat(46)}" has 47 characters; it is not a service name: lower-case letters, digits and dashes, a letter first, at most 46 characters (names of pods add 17 and end at 63)`,
            },
        ],
        [
            "whose name is no name of a Kubernetes Service",
            catalog({ "1cart": { source: "src/cart", port: 1 } }),
            {
                subject: at("1cart"),
                message:
                    '"1cart" is not a service name: lower-case letters, digits and dashes, a letter first, at most 46 characters (names of pods add 17 and end at 63)',
            },
        ],
        [
            "that is called locks, as the commit locks beside its image",
            catalog({ locks: { source: "src/locks", port: 1 } }),
            {
                subject: at("locks"),
                message: "the name locks is taken: commit locks stand there beside the images",
                remedy: "choose another name",
            },
        ],
        [
            "that is called as the project, as its releases",
            catalog({ shop: { source: "src/shop", port: 1 } }),
            {
                subject: at("shop"),
                message: "the name shop is taken: releases of the project have it",
                remedy: "choose another name",
            },
        ],
        [
            "that runs as root",
            cart({ user: 0 }),
            { subject: at("cart.user"), message: "0 is not a numeric user id from 1 up; 0 is root, which no workload runs as" },
        ],
        [
            "that reserves more than it may use",
            cart({ resources: { cpu: "1", limits: { cpu: "500m" } } }),
            { subject: at("cart.resources.limits.cpu"), message: "500m is less than the 1 that is reserved" },
        ],
        [
            "whose amounts are numbers",
            cart({ resources: { cpu: 2 } }),
            {
                subject: at("cart.resources.cpu"),
                message: '2 is a number; expected an amount of CPU: 100m, 0.5, or "2" in quotes: quote it, "2"',
            },
        ],
        [
            "with a health check of no kind",
            cart({ health: "http" }),
            {
                subject: at("cart.health"),
                message: '"http" is not grpc, tcp, an HTTP /path, { exec: [command, …] }, or { readiness, liveness, startup }',
            },
        ],
        [
            "with two health checks in one",
            cart({ health: { readiness: { grpc: true, http: "/" } } }),
            {
                subject: at("cart.health.readiness"),
                message: "names 2 checks, grpc and http; expected one of grpc, tcp, http and exec",
            },
        ],
        [
            "with a check for both beside one apart",
            cart({ health: { grpc: true, liveness: "tcp" } }),
            {
                subject: at("cart.health"),
                message: "grpc stand beside readiness or liveness; expected one check for both, or each apart",
            },
        ],
        [
            "with times but no check",
            cart({ health: { period: "5s" } }),
            { subject: at("cart.health"), message: "names no check; expected one of grpc, tcp, http and exec" },
        ],
        [
            "with a port for a check that has its own",
            cart({ health: { grpc: true, port: 80 } }),
            {
                subject: at("cart.health.port"),
                message: "goes with http only, and the check is grpc",
                remedy: "write grpc: <port>",
            },
        ],
        [
            "whose check could mean any of its ports",
            catalog({ cart: { source: "src/cart", ports: { web: 80, admin: 81 }, health: "/" } }),
            {
                subject: at("cart.health"),
                message: "the http check names no port, and the service's ports are web, admin",
                remedy: "name one: { http: /path, port: 8080 }",
            },
        ],
        [
            "whose check names a port that is not there",
            cart({ health: { http: "/", port: "web" } }),
            {
                subject: at("cart.health"),
                message: "there is no port web; the service's ports are http",
                remedy: "name one: { http: /path, port: 8080 }",
            },
        ],
        [
            "that is a worker whose check needs a port",
            catalog({ cart: { source: "src/cart", kind: "worker", health: "grpc" } }),
            {
                subject: at("cart.health"),
                message: "the grpc check names no port, and the service has no port",
                remedy: "name one: { grpc: 8080 }",
            },
        ],
        [
            "with a period of no time",
            cart({ health: { grpc: true, period: "0s" } }),
            { subject: at("cart.health.period"), message: '"0s" is no time; expected a second or more' },
        ],
        [
            "with a duration without a unit",
            cart({ terminationGracePeriod: "5" }),
            { subject: at("cart.terminationGracePeriod"), message: '"5" is not a duration: 15s, 2m, 1h; at most 99h' },
        ],
        [
            "that exposes itself under another's name",
            catalog({
                cart: { source: "src/cart", port: 1, expose: { type: "loadBalancer", name: "web" } },
                web: { source: "src/web", port: 1 },
            }),
            {
                subject: at("cart.expose.name"),
                message: "the Kubernetes Service web is the service web's already",
                remedy: "write another name",
            },
        ],
        [
            "that is a worker and exposed",
            catalog({ cart: { source: "src/cart", kind: "worker", expose: "loadBalancer" } }),
            { subject: at("cart.expose"), message: "there is no port to expose", remedy: "write port: 8080" },
        ],
        [
            "whose init container has its name",
            cart({ init: [{ name: "cart", image: redis }] }),
            { subject: at("cart.init[0].name"), message: "a container cart is there already" },
        ],
        [
            "whose init container has no digest",
            cart({ init: [{ name: "wait", image: "busybox" }] }),
            {
                subject: at("cart.init[0].image"),
                message: '"busybox" is not an image by digest: name:tag@sha256:<64 lower-case hex digits>',
            },
        ],
        [
            "with two volumes at one place",
            cart({ volumes: { a: { mount: "/data" }, b: { mount: "/data" } } }),
            { subject: at("cart.volumes.b.mount"), message: "another volume is mounted at /data already" },
        ],
        [
            "whose repository on GitHub has a name that no registry takes",
            cart({ source: { repository: "acme/.github", path: "src" } }),
            {
                subject: at("cart.source"),
                message:
                    "acme/.github names no place for its commit locks: a registry takes letters and digits, with single . _ or - between them",
                remedy: "build the service from a repository of another name",
            },
        ],
        [
            "that calls a service which does not exist",
            catalog({ cart: { source: "src/cart", port: 1, calls: ["reddis"] }, redis: { image: redis, port: 6379 } }),
            {
                subject: at("cart.calls[0]"),
                message: 'there is no service reddis; did you mean "redis"?',
                remedy: "what is no service of this file is reached with unrestrictedEgress: true",
            },
        ],
        [
            "that calls a worker, which listens to nobody",
            catalog({ cart: { source: "src/cart", port: 1, calls: ["mailer"] }, mailer: { source: "src/mailer", kind: "worker" } }),
            {
                subject: at("cart.calls[0]"),
                message: "mailer has no port that could be called",
                remedy: "delete the line, or write mailer's port",
            },
        ],
        [
            "that calls one twice",
            catalog({ cart: { source: "src/cart", port: 1, calls: ["redis", "redis"] }, redis: { image: redis, port: 6379 } }),
            { subject: at("cart.calls[1]"), message: "redis stands twice in the list", remedy: "delete one of the two" },
        ],
        [
            "with a variable from a Secret without its key",
            cart({ env: { PASSWORD: { secret: "db" } } }),
            {
                subject: at("cart.env.PASSWORD"),
                message:
                    "names the Secret db and no key of it; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }",
            },
        ],
        [
            "with a variable from Secret Manager without its version",
            cart({ env: { PASSWORD: { secretManager: "db" } } }),
            {
                subject: at("cart.env.PASSWORD"),
                message:
                    "names the secret db of Secret Manager and no version of it; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }",
            },
        ],
        [
            "with a variable from whichever version is the latest",
            cart({ env: { PASSWORD: { secretManager: "db", version: "latest" } } }),
            {
                subject: at("cart.env.PASSWORD.version"),
                message:
                    '"latest" is a text; expected the number of a version, from 1 up; latest would change what runs without a promotion',
            },
        ],
        [
            "with a variable from a secret that no project can have",
            cart({ init: [{ name: "wait", image: redis, env: { PASSWORD: { secretManager: "db.password", version: 1 } } }] }),
            {
                subject: at("cart.init[0].env.PASSWORD.secretManager"),
                message:
                    '"db.password" is not an id of a Secret Manager secret: letters, digits, dashes and underscores, at most 255 characters',
            },
        ],
        [
            "with a variable from two places",
            cart({ migrate: { env: { PASSWORD: { secretManager: "db", version: 1, key: "password" } } } }),
            {
                subject: at("cart.migrate.env.PASSWORD"),
                message:
                    "mixes a Kubernetes Secret and Secret Manager; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }",
            },
        ],
        [
            "with a folder of versions and of something else",
            cart({
                volumes: { tls: { mount: "/tls", secret: "tls", versions: { "tls.key": { secretManager: "tls", version: 1 } } } },
            }),
            {
                subject: at("cart.volumes.tls"),
                message: "has the Secret tls and versions of Secret Manager; expected one of them",
                remedy: "make a volume of each",
            },
        ],
        [
            "with a folder of no versions",
            cart({ volumes: { tls: { mount: "/tls", versions: {} } } }),
            {
                subject: at("cart.volumes.tls.versions"),
                message: "names no file; expected { tls.key: { secretManager: shop-tls-key, version: 1 } }",
            },
        ],
        [
            "with a folder of a secret without its version",
            cart({ volumes: { tls: { mount: "/tls", versions: { "tls.key": { secretManager: "tls" } } } } }),
            {
                subject: at('cart.volumes.tls.versions["tls.key"].version'),
                message: "missing; expected the number of a version, from 1 up; latest would change what runs without a promotion",
            },
        ],
        [
            "with a variable that is an empty map in one environment",
            cart({ environments: { prod: { env: { PASSWORD: {} } } } }),
            {
                subject: at("cart.environments.prod.env.PASSWORD"),
                message:
                    "is a map that names no Secret; expected a text, { secret: name, key: password } or { secretManager: name, version: 1 }",
            },
        ],
        [
            "with a file whose path climbs",
            cart({ files: { "/etc/../passwd": "x" } }),
            {
                subject: at('cart.files["/etc/../passwd"]'),
                message:
                    '"/etc/../passwd" is not an absolute path of a file: /etc/app/config.yaml, of letters, digits, dashes, dots and underscores, not two dots first, at most 200 characters',
            },
        ],
        [
            "with two files of one key",
            cart({ files: { "/etc/a": "x", "/etc__a": "y" } }),
            {
                subject: at('cart.files["/etc__a"]'),
                message: "/etc__a and /etc/a would be one key of a ConfigMap, etc__a",
                remedy: "rename one of the two",
            },
        ],
        [
            "with files that no ConfigMap holds",
            cart({ files: { "/etc/a": "x".repeat(1_000_001) } }),
            {
                subject: at("cart.files"),
                message: "1000001 bytes are too many for a ConfigMap; expected at most 1000000",
                remedy: "put large files into the image",
            },
        ],
        [
            "with a file where a volume is",
            cart({ volumes: { data: { mount: "/data" } }, files: { "/data": "x" } }),
            { subject: at('cart.files["/data"]'), message: "a volume is mounted at /data already" },
        ],
        [
            "with a Secret in memory",
            cart({ volumes: { keys: { mount: "/keys", secret: "keys", memory: true } } }),
            {
                subject: at("cart.volumes.keys"),
                message: "has the Secret keys and sizeLimit or memory, which are for an empty folder; expected one of them",
                remedy: "make a volume of each",
            },
        ],
        [
            "with a volume that is called as oneflow's own",
            cart({ volumes: { "oneflow-files": { mount: "/data" } } }),
            {
                subject: at("cart.volumes.oneflow-files"),
                message: "names that begin with oneflow- are oneflow's own",
                remedy: "choose another name",
            },
        ],
        [
            "with a number of pods and bounds for it",
            cart({ replicas: 2, autoscale: { min: 1, max: 3 }, resources: { cpu: "1" } }),
            {
                subject: at("cart.autoscale"),
                message: "stands beside replicas: 2; expected one of the two",
                remedy: "delete replicas: min and max are the bounds",
            },
        ],
        [
            "with bounds the wrong way round, in one environment",
            cart({ resources: { cpu: "1" }, environments: { prod: { autoscale: { min: 3, max: 2 } } } }),
            { subject: at("cart.environments.prod.autoscale.max"), message: "2 is less than the 3 of min" },
        ],
        [
            "that scales by a CPU of unknown size",
            cart({ autoscale: { min: 1, max: 3 } }),
            {
                subject: at("cart.autoscale"),
                message: "nothing says how much CPU a pod has, and its use is counted in percent of that",
                remedy: "write resources: { cpu: 100m }",
            },
        ],
        [
            "that is a cron without a schedule",
            catalog({ cart: { source: "src/cart", kind: "cron" } }),
            {
                subject: at("cart.schedule"),
                message: "missing; a cron has a schedule",
                remedy: 'write schedule: "30 3 * * *"',
            },
        ],
        [
            "that is a cron whose schedule is none",
            catalog({ cart: { source: "src/cart", kind: "cron", schedule: "every night" } }),
            {
                subject: at("cart.schedule"),
                message: '"every night" is not a schedule: "30 3 * * 1-5", or { cron, timezone }',
            },
        ],
        [
            "that is a cron with several pods",
            catalog({ cart: { source: "src/cart", kind: "cron", schedule: "@daily", replicas: 2 } }),
            {
                subject: at("cart.replicas"),
                message: "a cron has no replicas: it runs one pod, to its end",
                remedy: "delete the line",
            },
        ],
        [
            "that is a cron with a port",
            catalog({ cart: { source: "src/cart", kind: "cron", schedule: "@daily", port: 80 } }),
            { subject: at("cart.port"), message: "a cron has no port", remedy: "delete the line, or write kind: service" },
        ],
        [
            "with a schedule that is no cron",
            cart({ schedule: "@daily" }),
            {
                subject: at("cart.schedule"),
                message: "goes with kind: cron only, and the kind is service",
                remedy: "write kind: cron",
            },
        ],
        [
            "with a claim that is not stateful",
            cart({ volumes: { data: { mount: "/data", claim: { size: "1Gi" } } } }),
            {
                subject: at("cart.volumes.data.claim"),
                message: "only pods that keep their names keep volumes",
                remedy: "write kind: stateful",
            },
        ],
        [
            "with a claim in memory",
            cart({ kind: "stateful", volumes: { data: { mount: "/data", claim: { size: "1Gi" }, memory: true } } }),
            {
                subject: at("cart.volumes.data"),
                message: "has a claim and sizeLimit or memory, which are for an empty folder; expected one of them",
                remedy: "make a volume of each",
            },
        ],
        [
            "that comes after one which does not exist",
            cart({ after: ["redis"] }),
            { subject: at("cart.after[0]"), message: "there is no service redis; services: cart" },
        ],
        [
            "that comes after itself by way of others, once for all of them",
            catalog({
                cart: { source: "src/cart", port: 1, after: ["mail", "web"] },
                mail: { source: "src/mail", port: 1 },
                web: { source: "src/web", port: 1, after: ["cart"] },
            }),
            {
                subject: at("cart.after"),
                message: "waits for itself: cart after web after cart",
                remedy: "take one of them out",
            },
        ],
        [
            "that acts as no Google service account",
            cart({ identity: "cart" }),
            {
                subject: at("cart.identity"),
                message: '"cart" is not a Google service account: name@project.iam.gserviceaccount.com',
            },
        ],
        [
            "whose migration is a text",
            cart({ migrate: "/app migrate" }),
            {
                subject: at("cart.migrate"),
                message: '"/app migrate" is a text; expected a job: { command: [/app, migrate], args, env, timeout }',
            },
        ],
        [
            "compatibleWith without a schema",
            cart({ compatibleWith: ["2"] }),
            {
                subject: at("cart.compatibleWith"),
                message: "names schemas, and the service has none",
                remedy: "write schema: <label> beside it",
            },
        ],
        [
            "a schema that is none",
            cart({ schema: "none" }),
            {
                subject: at("cart.schema"),
                message:
                    '"none" is not a schema label: letters, digits, dashes, dots and underscores, at most 63 characters, and not none',
            },
        ],
        ["that is nothing", catalog({ cart: null }), { subject: at("cart"), message: missingEntry() }],
        [
            "where there is none",
            catalog({}),
            { subject: "services.yaml: services", message: "is empty; expected at least one service" },
        ],
    ]);
});

function missingEntry(): string {
    return (
        "is empty; expected a map of source, image, kind, port, ports, health, env, resources, replicas, volumes, init, expose, command, args, " +
        "annotations, terminationGracePeriod, user, environments, schedule, manifests, calls, unrestrictedEgress, autoscale, identity, files, after, migrate, verify, " +
        "build, schema, compatibleWith"
    );
}

describe("A soak or a freeze is refused:", () => {
    const at = "Pulumi.stage.yaml: shop:environment";
    const window = (entry: object) => environment({ freeze: [{ from: "Fri 16:00", to: "Mon 08:00", ...entry }] });
    const moment = 'a day and a time, "Fri 16:00" in every week or "2026-12-24 12:00" once';
    refuses([
        [
            "a soak in words",
            environment({ soak: "half an hour" }),
            { subject: `${at}.soak`, message: '"half an hour" is not a duration: 15s, 2m, 1h; at most 99h' },
        ],
        [
            "a soak where no environment is before",
            { "Pulumi.dev.yaml": environmentFile("dev", { "shop:environment": { soak: "30m" } }) },
            {
                subject: "Pulumi.dev.yaml: shop:environment.soak",
                message: "goes with promotesFrom: no environment is before this one, for a set to run in",
                remedy: "delete the line",
            },
            "dev",
        ],
        [
            "a freeze without windows",
            environment({ freeze: [] }),
            { subject: `${at}.freeze`, message: "is empty; expected a list of at least one window" },
        ],
        [
            "an hour that no clock has",
            window({ to: "Mon 24:00" }),
            { subject: `${at}.freeze[0].to`, message: `"Mon 24:00" is not ${moment}` },
        ],
        [
            "a day that no calendar has",
            window({ from: "2026-02-29 12:00", to: "2026-03-01 12:00" }),
            { subject: `${at}.freeze[0].from`, message: '"2026-02-29 12:00" names a day that no calendar has' },
        ],
        [
            "a day of the week and a date",
            window({ to: "2026-12-27 08:00" }),
            {
                subject: `${at}.freeze[0]`,
                message: '"Fri 16:00" and "2026-12-27 08:00" are of two kinds; expected two days of the week, or two dates',
            },
        ],
        [
            "an end before the beginning",
            window({ from: "2026-12-27 08:00", to: "2026-12-24 12:00" }),
            { subject: `${at}.freeze[0]`, message: "ends at 2026-12-24 12:00, before it begins at 2026-12-27 08:00" },
        ],
        [
            "a window of no length",
            window({ to: "Fri 16:00" }),
            { subject: `${at}.freeze[0]`, message: "begins and ends on Fri 16:00: expected a window of a minute or more" },
        ],
        [
            "a time zone that nobody knows",
            window({ timezone: "Europe/Berln" }),
            {
                subject: `${at}.freeze[0].timezone`,
                message: '"Europe/Berln" is not in the time zone database; expected Europe/Berlin, or UTC',
            },
        ],
    ]);
});

describe("A file that is no YAML is refused by line and column:", () => {
    refuses([
        [
            "a bracket that is not closed",
            { "services.yaml": "defaults: { repository: acme/shop }\nservices:\n  cart: { source: src/cart\n" },
            {
                subject: "services.yaml, line 4, column 1",
                message: "Flow map in block collection must be sufficiently indented and end with a }",
            },
        ],
        [
            "a tab",
            { "services.yaml": "services:\n\tcart: {}\n" },
            { subject: "services.yaml, line 2, column 1", message: "Tabs are not allowed as indentation\ncart: {}" },
        ],
        [
            "a key that stands twice",
            { "services.yaml": "services:\n  cart: { source: src/a, port: 1 }\n  cart: { source: src/b, port: 1 }\n" },
            {
                subject: "services.yaml, line 3, column 3",
                message: "the key stands twice in one map; which one is meant?\ncart: { source: src/b, port: 1 }",
                remedy: "delete one of the two",
            },
        ],
        [
            "a name for a value that stands nowhere",
            { "services.yaml": "services: *missing\n" },
            { subject: "services.yaml", message: "Unresolved alias (the anchor must be set before the alias): missing" },
        ],
    ]);

    it("a services.yaml that is not there, or is a list", () => {
        const [absent] = problemsOf({ "services.yaml": undefined });
        assert.equal(absent.subject, "services.yaml");
        assert.match(absent.message, /^does not exist in /);
        assert.deepEqual(problemsOf({ "services.yaml": "- cart\n" }), [
            { subject: "services.yaml: ", message: '["cart"] is a list; expected a map of $schema, defaults, services' },
        ]);
    });

    it("a stack file, beside all other problems", () => {
        assert.deepEqual(
            problemsOf({ ...cart({ port: 0 }), "Pulumi.prod.yaml": "config: [\n" }).map(({ subject }) => subject),
            ["services.yaml: services.cart.port", "Pulumi.prod.yaml, line 2, column 1"],
        );
    });
});

describe("A report", () => {
    it("tells ten mistakes at once", () => {
        const files = {
            ...catalog({
                cart: { source: "src/cart", port: "7070", replica: 2, env: { A: 1 } },
                redis: { image: "redis:alpine", port: 6379 },
                Web: { source: "src/web", port: 1 },
                mail: { source: "/src/mail", port: 1 },
            }),
            ...stage({ "gcp:region": "europe", "shop:commit": "main", "shop:pins": { crat: otherSha }, "aws:region": "eu-west-1" }),
        };
        assert.deepEqual(
            problemsOf(files).map(({ subject }) => subject),
            [
                "services.yaml: services.cart.port",
                "services.yaml: services.cart.replica",
                "services.yaml: services.cart.env.A",
                "services.yaml: services.redis.image",
                "services.yaml: services.Web",
                "services.yaml: services.mail.source",
                "Pulumi.stage.yaml: aws:region",
                "Pulumi.stage.yaml: gcp:region",
                "Pulumi.stage.yaml: shop:commit",
                "Pulumi.stage.yaml: shop:pins.crat",
            ],
        );
    });

    it("finds a secret that Pulumi hands over decrypted", () => {
        withFiles(stage({ "shop:commit": { secure: "v1:abc" } }), (directory) => {
            const config = {
                "gcp:project": "acme-stage",
                "gcp:region": "europe-west1",
                "shop:commit": sha,
                "shop:environment": JSON.stringify({ promotesFrom: "dev" }),
            };
            assert.throws(() => loadSettings({ directory, stack: "stage", config }), /shop:commit\n.*is encrypted/);
        });
    });
});
