import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { running } from "../../sandbox/story/readback";
import { steps } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";

/** Each test goes on from where the one before left the world. */
describe("A service's secret in Secret Manager, on the real engine,", function () {
    this.timeout(300_000);
    let shop: Shop;

    before(async () => {
        shop = await deliveredShop();
    });

    it("is refused while the platform does not know of it, and no pod changes", async () => {
        await name(1);
        const before = await running(shop.world, "stage");
        const run = await shop.up("stage");
        assert.notEqual(run.code, 0);
        assert.match(run.output, /no matches for kind \\?"SecretProviderClass\\?"/);
        assert.deepEqual(await running(shop.world, "stage"), before);
    });

    it("is missed by the platform where nobody made it", async () => {
        const run = await shop.delivery.up("platform");
        assert.notEqual(run.code, 0);
        assert.match(
            run.output,
            /The resource 'projects\/acme-(?:dev|stage|prod)\/secrets\/mail-password' was not found \(its secret\)/,
        );
    });

    it("is read by its service alone, once it is made: that one restarts, and no other", async () => {
        for (const project of ["acme-dev", "acme-stage", "acme-prod"]) {
            shop.world.cloud.addSecretVersion({ project, secret: "mail-password", value: "one" });
        }
        succeeded(await shop.delivery.up("platform"));
        const touched = steps(succeeded(await shop.up("stage"))).filter((step) => !step.includes("RunRecord"));
        assert.deepEqual(touched.map((step) => step.replace(/-[0-9a-f]{8}$/, "")).sort(), [
            "create kubernetes:secret-sync.gke.io/v1:SecretSync europe-west1-emailservice-secret-sync",
            "create kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass europe-west1-emailservice-secret-class",
            "update kubernetes:apps/v1:Deployment europe-west1-emailservice",
        ]);
        assert.deepEqual(values(), ["one"]);
    });

    it("has its next version when the entry says so, and the Secret of the old one goes", async () => {
        shop.world.cloud.addSecretVersion({ project: "acme-stage", secret: "mail-password", value: "two" });
        assert.deepEqual(steps(succeeded(await shop.up("stage"))), [], "a version that nobody names changes nothing");
        await name(2);
        succeeded(await shop.up("stage"));
        assert.deepEqual(values(), ["two"]);
    });

    async function name(version: number): Promise<void> {
        const file = join(shop.world.layout.operations, "services.yaml");
        const entry = `{ secretManager: mail-password, version: ${version} }`;
        const text = readFileSync(file, "utf8");
        const next = text.includes("secretManager")
            ? text.replace(/\{ secretManager: [^}]*\}/, entry)
            : text.replace('PORT: "8080", DISABLE_PROFILER: "1" }', `PORT: "8080", DISABLE_PROFILER: "1", PASSWORD: ${entry} }`);
        assert.notEqual(next, text);
        writeFileSync(file, next);
        await shop.delivery.operations.commit(`Name version ${version} of the mail password`);
    }

    /** What the Secrets of the service hold in stage. */
    function values(): string[] {
        const { namespace } = shop.world.environment("stage");
        const secrets = shop.world.cloud.objects("acme-stage/europe-west1/acme-shop-stage").list("Secret", namespace);
        return secrets
            .filter(({ metadata }) => metadata.name.startsWith("emailservice-secret-"))
            .flatMap(({ data }) => Object.values(data as Record<string, string>))
            .map((value) => Buffer.from(value, "base64").toString());
    }
});
