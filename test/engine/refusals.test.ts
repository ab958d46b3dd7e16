import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubeconfigOf } from "../../sandbox/world/credentials";
import { runPulumi, stackVariables } from "../../sandbox/world/engine";
import { errors, steps } from "./engineEvents";
import { deliveredShop, type Shop } from "./shop";
import { witness } from "./witness";

const unknownCommit = "0123456789abcdef0123456789abcdef01234567";
const longName = "a".repeat(64);
const fullSha = "expected a full commit SHA: 40 lower-case hex digits";

/** Text of a file that is there → what a slip of the hand makes of it. */
interface Slip {
    file: string;
    text: string;
    instead: string;
}

const commit = (value: string): Slip => ({
    file: "Pulumi.stage.yaml",
    text: "config:\n",
    instead: `config:\n  acme-shop:commit: ${value}\n`,
});
const slips = {
    shortSha: commit("3c2d91a"),
    branch: commit("main"),
    unknownService: {
        file: "Pulumi.stage.yaml",
        text: "config:\n",
        instead: `config:\n  acme-shop:pins: { checkoutservce: ${unknownCommit} }\n`,
    },
    noProject: { file: "Pulumi.stage.yaml", text: "  gcp:project: acme-stage\n", instead: "" },
    wrongType: { file: "services.yaml", text: "source: src/frontend\n", instead: "source: src/frontend\n    replicas: three\n" },
    samePath: { file: "services.yaml", text: "source: src/emailservice\n", instead: "source: src/paymentservice\n" },
    circle: { file: "Pulumi.dev.yaml", text: "    registry:", instead: "    promotesFrom: prod\n    registry:" },
    strayNamespace: { file: "Pulumi.stage.yaml", text: "config:\n", instead: "config:\n  acme-shpo:commit: latest\n" },
    longName: {
        file: "services.yaml",
        text: "  adservice:\n",
        instead: `  ${longName}: { source: src/long, kind: worker }\n  adservice:\n`,
    },
    wrongAmount: { file: "services.yaml", text: "resources: { cpu: 300m", instead: "resources: { cpu: fast" },
    wrongWord: { file: "Pulumi.stage.yaml", text: "promotesFrom: dev\n", instead: "promotesFrom: dev\n    accepts: tags\n" },
    brokenCatalog: { file: "services.yaml", text: "services:\n", instead: "services: [\n" },
    brokenStack: { file: "Pulumi.stage.yaml", text: "config:\n", instead: "config: [\n" },
    wrongTopLevelType: { file: "Pulumi.stage.yaml", text: "config:\n", instead: "config:\n  acme-shop:pins: none\n" },
} satisfies Record<string, Slip>;

/** The report's lines about each slip, as they stand below the title. */
const reports: Partial<Record<keyof typeof slips, string[]>> = {
    wrongType: ["services.yaml: services.frontend.replicas", '"three" is a text; expected a whole number of pods, 0 or more'],
    longName: [
        `services.yaml: services.${longName}`,
        `"${longName}" has 64 characters; it is not a service name: lower-case letters, digits and dashes, a letter first, at most 46 characters (names of pods add 17 and end at 63)`,
    ],
    wrongAmount: [
        "services.yaml: services.loadgenerator.resources.cpu",
        '"fast" is not an amount of CPU: 100m, 0.5, or "2" in quotes',
    ],
    samePath: [
        "services.yaml: services.emailservice.source",
        "src/paymentservice in acme/shop is the source of paymentservice already: one image, built twice",
        "→ give each service its own folder, Dockerfile or build arguments",
    ],
    circle: [
        "Pulumi.dev.yaml, Pulumi.prod.yaml, Pulumi.stage.yaml: acme-shop:environment.promotesFrom",
        "dev promotes from prod promotes from stage promotes from dev: a circle that no commit can enter",
        "→ take promotesFrom out of the first environment's file",
    ],
    strayNamespace: [
        "Pulumi.stage.yaml: acme-shpo:commit",
        'is in the namespace acme-shpo, which nothing here reads; did you mean "acme-shop"?',
        "→ pulumi config rm acme-shpo:commit -s stage",
    ],
    wrongWord: ["Pulumi.stage.yaml: acme-shop:environment.accepts", '"tags" is not commits or releases'],
    noProject: [
        "Pulumi.stage.yaml: gcp:project",
        "missing; expected a Google Cloud project id: 6 to 30 lower-case letters, digits and dashes, a letter first, no dash last",
        "→ pulumi config set gcp:project acme-stage -s stage",
    ],
    shortSha: [
        "Pulumi.stage.yaml: acme-shop:commit",
        `"3c2d91a" is a short SHA of 7 digits; ${fullSha}`,
        '→ pulumi config set commit "$(git rev-parse 3c2d91a)" -s stage',
    ],
    branch: [
        "Pulumi.stage.yaml: acme-shop:commit",
        `"main" is no commit, but perhaps a branch, and a branch moves; ${fullSha}`,
        '→ pulumi config set commit "$(git rev-parse main)" -s stage',
    ],
    unknownService: [
        "Pulumi.stage.yaml: acme-shop:pins.checkoutservce",
        'services.yaml has no service checkoutservce; did you mean "checkoutservice"?',
        `→ pulumi config rm --path pins.checkoutservce -s stage && pulumi config set --path pins.checkoutservice ${unknownCommit} -s stage`,
    ],
};

/** Every test runs `pulumi up -s stage`, where a healthy set runs already. */
describe("pulumi up refuses, with its words and with nothing touched,", function () {
    this.timeout(300_000);
    let shop: Shop;
    let untouched: Awaited<ReturnType<typeof witness>>;

    before(async () => {
        shop = await deliveredShop();
        untouched = await witness(shop.world, "stage");
    });
    afterEach(async () => {
        await shop.undoEdits();
        assert.deepEqual(await witness(shop.world, "stage"), untouched);
    });

    const slip = (...made: Slip[]) => {
        for (const { file, text, instead } of made) {
            const path = join(shop.world.layout.operations, file);
            const before = withoutCommit(readFileSync(path, "utf8"), made);
            assert.ok(before.includes(text), `${file} has no ${JSON.stringify(text)}`);
            writeFileSync(path, before.replace(text, instead));
        }
    };
    const refused = async () => {
        const run = await shop.up("stage");
        assert.notEqual(run.code, 0);
        assert.deepEqual(steps(run), []);
        return errors(run);
    };

    const single: [string, keyof typeof slips][] = [
        ["a short SHA", "shortSha"],
        ["a branch's name", "branch"],
        ["a pin of an unknown service", "unknownService"],
        ["a missing gcp:project", "noProject"],
        ["a value of a wrong type", "wrongType"],
        ["two services on one path", "samePath"],
        ["environments that promote from one another in a circle", "circle"],
        ["a key of a namespace that is not the project's", "strayNamespace"],
        ["a name over its limit", "longName"],
    ];
    for (const [mistake, name] of single) {
        it(mistake, async () => {
            slip(slips[name]);
            assert.deepEqual(await refused(), [report([name])]);
        });
    }

    it("ten mistakes at once, all in one report", async () => {
        const ten = [
            ...(["wrongType", "longName", "wrongAmount", "samePath", "circle"] as const),
            ...(["strayNamespace", "wrongWord", "noProject", "branch", "unknownService"] as const),
        ];
        slip(...ten.map((name) => slips[name]));
        assert.deepEqual(await refused(), [report(ten)]);
    });

    it("a commit that was never built: it has no image", async () => {
        slip(commit(unknownCommit));
        assert.deepEqual(await refused(), [
            [
                "Promotion to stage refused, nothing was changed:",
                "  commit  0123456… has no lock in develop or release-candidate.",
                "          Its build failed, is still running or never ran, or it was cleaned up.",
                `          Newest commits that ran healthy in dev: ${shop.first.slice(0, 7)}…`,
                `          → pulumi config set commit ${shop.first} -s stage && pulumi up -s stage`,
            ].join("\n"),
        ]);
    });

    it("a kubeconfig without the environment's context: the cluster of another environment is no substitute", async () => {
        const { layout, daemon } = shop.world;
        const KUBECONFIG = kubeconfigOf(layout, "deployer-dev");
        const variables = { ...(await stackVariables(layout, daemon, "stage")), KUBECONFIG };
        const args = ["up", "--yes", "--skip-preview", "--json", "--stack", "stage"];
        const run = await runPulumi(args, { checkout: layout.operations, variables });
        assert.notEqual(run.code, 0);
        assert.deepEqual(steps(run), []);
        assert.deepEqual(errors(run), [
            [
                "Promotion to stage refused, nothing was changed:",
                `  cluster acme-shop-stage  No kubeconfig has the context gke_acme-stage_europe-west1_acme-shop-stage, which reaches this cluster. Looked in ${KUBECONFIG}`,
                "                           → gcloud container clusters get-credentials acme-shop-stage --region europe-west1 --project acme-stage --dns-endpoint",
            ].join("\n"),
        ]);
    });

    it("broken YAML in the catalog, with the place", async () => {
        slip(slips.brokenCatalog);
        const [message] = await refused();
        assert.match(message, /^Configuration of stage refused, nothing was changed:\n {2}services\.yaml, line 17, column 13\n/);
    });

    it("broken YAML in the stack's own file, in the engine's words", async () => {
        slip(slips.brokenStack);
        const run = await shop.up("stage");
        assert.notEqual(run.code, 0);
        assert.match(run.output, /^error: getting stack configuration: invalid YAML file: yaml: line 4: /);
    });

    it("a top-level key of a wrong type, in the engine's words", async () => {
        slip(slips.wrongTopLevelType);
        const run = await shop.up("stage");
        assert.notEqual(run.code, 0);
        assert.match(
            run.output,
            /^error: validating stack config: Stack 'stage' with configuration key 'pins' must be of type 'object'$/m,
        );
    });
});

/** The whole report about slips, in the order that they are given. */
function report(names: readonly (keyof typeof slips)[]): string {
    const lines = names.flatMap((name) => {
        const [subject, ...more] = reports[name]!;
        return [`  ${subject}`, ...more.map((line) => `      ${line}`)];
    });
    return ["Configuration of stage refused, nothing was changed:", ...lines].join("\n");
}

/** The stack's file without the commit that it has, where a slip writes another. */
function withoutCommit(text: string, made: readonly Slip[]): string {
    const writes = made.some(({ instead }) => instead.includes("acme-shop:commit:"));
    return writes ? text.replace(/^ {2}acme-shop:commit: [0-9a-f]{40}\n/m, "") : text;
}
