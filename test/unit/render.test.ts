import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { renderedFiles } from "../../core/manifests/renderedFiles";
import { readSettings } from "../../core/settings/load";
import { otherSha, read, sha, environmentFile } from "./settingsFixture";
import { oneflowIn } from "./command";

const root = join(__dirname, "..", "..");
const tier = "europe-west1-docker.pkg.dev/acme-stage/release-candidate";

describe("The manifests of an environment", () => {
    const files = (config: object) => renderedFiles(read({ "Pulumi.stage.yaml": environmentFile("stage", config) }));
    const promoted = { "shop:environment": { promotesFrom: "dev" } };
    const image = (text: string | undefined) => /image: (.*)/.exec(text ?? "")?.[1];

    it("are a file for each service and one that all share", () => {
        assert.deepEqual([...files(promoted).keys()], ["stage/cart.yaml", "stage/redis.yaml", "stage/default-deny.yaml"]);
    });

    it("name a built image by the commit that is asked for, and say that its digest comes later", () => {
        const cart = files({ ...promoted, "shop:commit": sha }).get("stage/cart.yaml");
        assert.equal(image(cart), `${tier}/cart:${sha}`);
        assert.match(cart!, new RegExp(`^# cart in stage, .*\n# pulumi up decides which digest ${sha} means, and pins it.\n---\n`));
        assert.match(cart!, new RegExp(`oneflow.dev/commit: ${sha}`));
    });

    it("name a pinned service's own commit", () => {
        const pinned = files({ ...promoted, "shop:commit": sha, "shop:pins": { cart: otherSha } });
        assert.equal(image(pinned.get("stage/cart.yaml")), `${tier}/cart:${otherSha}`);
    });

    it("name an image of others by its digest, in the environment's own tier", () => {
        const redis = files(promoted).get("stage/redis.yaml");
        assert.equal(image(redis), `${tier}/redis@sha256:becdda6c7f4b3fb42e42fd7f120bbf5c54c4caaaf16f26da24e4563d2c1f0576`);
        assert.match(redis!, /\n# Mirrored from redis:8\.10\.1-alpine@sha256:/);
    });

    it("say where nothing is deployed", () => {
        const cart = files(promoted).get("stage/cart.yaml");
        assert.equal(image(cart), `${tier}/cart`);
        assert.match(cart!, /\n# commit is unset: nothing is deployed\.\n/);
    });

    it("are YAML that reads as the objects, the same bytes each time", () => {
        const [once, again] = [0, 1].map(() => renderedFiles(readSettings({ directory: root, stack: "stage" })));
        assert.deepEqual([...once], [...again]);
        for (const [file, text] of once) {
            const kinds = parseAllDocuments(text).map((document) => (document.toJS() as { kind: string }).kind);
            assert.ok(file.endsWith("default-deny.yaml") || kinds.includes("Deployment"), file);
        }
    });
});

describe("oneflow render", () => {
    let directory: string;
    before(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-render-"));
        for (const file of readdirSync(root).filter((name) => /^(Pulumi.*|services)\.yaml$/.test(name))) {
            cpSync(join(root, file), join(directory, file));
        }
    });
    after(() => rmSync(directory, { recursive: true }));

    const oneflow = (...args: string[]) => oneflowIn(directory, ["render", ...args]);
    const inFolder = (folder: string) =>
        readdirSync(join(directory, folder), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));

    const workflowsIn = (folder: string) =>
        readdirSync(join(directory, folder, "workflows"), { recursive: true, encoding: "utf8" }).filter((file) =>
            file.endsWith(".yml"),
        );

    it("writes all environments, then one alone, and takes out only what it wrote and renders no more", async () => {
        assert.match((await oneflow("--out", "all")).stdout, /^all: 54 files written\n$/);
        assert.equal(inFolder("all").length, 39);
        assert.equal(workflowsIn("all").length, 15);
        const catalog = join(directory, "services.yaml");
        const before = readFileSync(catalog, "utf8");
        writeFileSync(join(directory, "all", "dev", "mine.yaml"), "mine\n");
        writeFileSync(catalog, before.replace(/\n {2}loadgenerator:[^]*$/, "\n"));
        assert.match((await oneflow("--env", "dev", "--out", "all")).stdout, /^all: 12 files written, 1 removed\n$/);
        writeFileSync(catalog, before);
        assert.ok(inFolder("all").includes(join("dev", "mine.yaml")));
        assert.ok(inFolder("all").includes(join("stage", "loadgenerator.yaml")));
        assert.ok(!inFolder("all").includes(join("dev", "loadgenerator.yaml")));
        assert.equal(workflowsIn("all").length, 15);
    });

    it("writes what belongs into each repository, and takes out the folder of one that builds no more", async () => {
        const catalog = join(directory, "services.yaml");
        const before = readFileSync(catalog, "utf8");
        writeFileSync(catalog, before.replace("source: src/loadgenerator", "source: { repository: acme/load, path: . }"));
        await oneflow("--out", "repositories");
        const caller = join("acme", "load", ".github", "workflows", "oneflow-push.yml");
        assert.ok(workflowsIn("repositories").includes(caller));
        writeFileSync(catalog, before);
        assert.match((await oneflow("--out", "repositories")).stdout, / files written, 2 removed\n$/);
        assert.deepEqual(readdirSync(join(directory, "repositories", "workflows", "acme")), ["shop"]);
    });

    it("touches no folder that it did not write", async () => {
        mkdirSync(join(directory, "foreign"));
        writeFileSync(join(directory, "foreign", "a.txt"), "a");
        const { status, stderr } = await oneflow("--out", "foreign");
        assert.equal(status, 2);
        assert.equal(
            stderr,
            "Nothing was rendered:\n  foreign  is not empty (a.txt), and nothing tells that this command wrote it\n" +
                "           → choose another --out, or empty the folder first\n",
        );
        writeFileSync(join(directory, "foreign", ".oneflow-render.json"), '{ "files": ["../services.yaml"] }');
        assert.equal((await oneflow("--out", "foreign")).status, 2);
        assert.deepEqual(readdirSync(join(directory, "foreign")).sort(), [".oneflow-render.json", "a.txt"]);
        assert.ok(readdirSync(directory).includes("services.yaml"));
    });

    it("refuses an environment that there is none of, and a call without a folder", async () => {
        const { status, stderr } = await oneflow("--env", "stgae", "--out", "x");
        assert.equal(status, 2);
        assert.match(stderr, /stage/);
        const none = await oneflow();
        assert.equal(none.status, 2);
        assert.match(none.stderr, /names no folder to write to; expected --out <folder>/);
    });
});
