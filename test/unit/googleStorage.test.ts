import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stateKey } from "../../core/settings/state";
import { bootstrapStack } from "../../sandbox/google/bootstrap";
import { serveGoogle, type GoogleServer } from "../../sandbox/google/server";
import { Cloud } from "../../sandbox/providers/cloud";

describe("The sandbox's Cloud Storage and keys", () => {
    const root = mkdtempSync(join(tmpdir(), "oneflow-storage-"));
    const cloud = new Cloud(join(root, "cloud"));
    const place = { project: "acme-dev", region: "europe-west1" };
    const bucket = "acme-dev-pulumi-dev";
    const account = (name: string) => `serviceAccount:${name}@acme-dev.iam.gserviceaccount.com`;
    const file = (name: string) => join(root, "state", name);
    let google: GoogleServer;
    before(async () => {
        cloud.addProject({ id: "acme-dev", number: "1001", owner: "user:admin@acme.example" });
        bootstrapStack(cloud, place, "dev");
        for (const name of ["writer", "reader", "creator"]) cloud.addIdentity({ token: name, member: account(name) });
        cloud.iam.grant(`buckets/${bucket}`, "roles/storage.objectUser", account("writer"));
        cloud.iam.grant(`buckets/${bucket}`, "roles/storage.objectViewer", account("reader"));
        cloud.iam.grant(`buckets/${bucket}`, "roles/storage.objectCreator", account("creator"));
        cloud.iam.grant(stateKey(place, "dev"), "roles/cloudkms.cryptoKeyDecrypter", account("reader"));
        mkdirSync(file(".pulumi/stacks/shop"), { recursive: true });
        writeFileSync(file(".pulumi/meta.yaml"), "version: 1\n");
        writeFileSync(file(".pulumi/stacks/shop/dev.json"), "{}");
        google = await serveGoogle({
            cloud,
            issuers: {},
            stacks: {
                stateFolder: (name) => (name === bucket ? join(root, "state") : undefined),
                passphrase: () => "correct horse",
            },
        });
    });
    after(async () => {
        await google.close();
        rmSync(root, { recursive: true });
    });

    async function ask(who: string | undefined, path: string, init: RequestInit = {}) {
        const authorization: Record<string, string> = who === undefined ? {} : { authorization: `Bearer ${who}` };
        const headers = { ...(init.headers as Record<string, string>), ...authorization };
        const response = await fetch(`${google.address}${path}`, { ...init, headers });
        return { status: response.status, text: await response.text() };
    }
    const json = ({ text }: { text: string }) => JSON.parse(text) as { items: { name: string }[]; prefixes: string[] };
    const upload = (who: string, name: string, content: string) =>
        ask(who, `/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, {
            method: "POST",
            headers: { "content-type": "multipart/related; boundary=cut" },
            body: [
                "--cut",
                "Content-Type: application/json",
                "",
                JSON.stringify({ name }),
                "--cut",
                "Content-Type: text/plain",
                "",
                content,
                "--cut--",
                "",
            ].join("\r\n"),
        });
    const object = (name: string) => `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;

    it("shows the files of a stack's state as objects, and folders up to a delimiter", async () => {
        const all = json(await ask("reader", `/storage/v1/b/${bucket}/o`));
        assert.deepEqual(
            all.items.map(({ name }) => name),
            [".pulumi/meta.yaml", ".pulumi/stacks/shop/dev.json"],
        );
        const top = json(await ask("reader", `/storage/v1/b/${bucket}/o?prefix=.pulumi/&delimiter=/`));
        assert.deepEqual([top.items.map(({ name }) => name), top.prefixes], [[".pulumi/meta.yaml"], [".pulumi/stacks/"]]);
        assert.deepEqual(await ask("reader", `/${bucket}/.pulumi/meta.yaml`), { status: 200, text: "version: 1\n" });
    });

    it("writes an object to the very file, line ends and all, copies and deletes it", async () => {
        assert.equal((await upload("writer", "a/b.json", "one\r\n--cu\r\ntwo")).status, 200);
        assert.equal(readFileSync(file("a/b.json"), "utf8"), "one\r\n--cu\r\ntwo");
        const copy = `${object("a/b.json")}/rewriteTo/b/${bucket}/o/${encodeURIComponent("c.json")}`;
        assert.equal((await ask("writer", copy, { method: "POST" })).status, 200);
        assert.equal(readFileSync(file("c.json"), "utf8"), "one\r\n--cu\r\ntwo");
        for (const name of ["a/b.json", "c.json"])
            assert.equal((await ask("writer", object(name), { method: "DELETE" })).status, 204);
        assert.equal((await ask("writer", object("c.json"))).status, 404);
    });

    it("refuses each verb without its permission, and names it", async () => {
        const said = (permission: string, who: string, what = "object") =>
            `${who}@acme-dev.iam.gserviceaccount.com does not have ${permission} access to the Google Cloud Storage ${what}.`;
        const written = await upload("reader", "new.json", "x");
        assert.equal(written.status, 403);
        assert.ok(written.text.includes(said("storage.objects.create", "reader")), written.text);
        const deleted = await ask("reader", object(".pulumi/meta.yaml"), { method: "DELETE" });
        assert.ok(deleted.text.includes(said("storage.objects.delete", "reader")), deleted.text);
        const overwritten = await upload("creator", ".pulumi/meta.yaml", "x");
        assert.ok(overwritten.text.includes(said("storage.objects.delete", "creator")), overwritten.text);
        assert.equal(readFileSync(file(".pulumi/meta.yaml"), "utf8"), "version: 1\n");
        const read = await ask("creator", `/${bucket}/.pulumi/meta.yaml`);
        assert.equal(read.status, 403);
        assert.match(read.text, /<Code>AccessDenied<\/Code>.*storage\.objects\.get/);
        const listed = await ask("creator", `/storage/v1/b/${bucket}/o`);
        assert.ok(listed.text.includes(said("storage.objects.list", "creator", "bucket")), listed.text);
        const looked = await ask("writer", `/storage/v1/b/${bucket}`);
        assert.ok(looked.text.includes(said("storage.buckets.get", "writer", "bucket")), looked.text);
    });

    it("answers nobody without a valid token, and of no bucket that was not made", async () => {
        for (const who of [undefined, "", "stranger"]) assert.equal((await ask(who, `/${bucket}/.pulumi/meta.yaml`)).status, 401);
        assert.equal((await ask("reader", "/storage/v1/b/other/o")).status, 404);
    });

    it("leaves the folder of a bucket by no name", async () => {
        writeFileSync(join(root, "secret"), "x");
        for (const name of ["../secret", "a/../../secret", "/etc/passwd"]) {
            assert.equal((await ask("reader", object(name))).status, 400, name);
            assert.equal((await upload("writer", name, "x")).status, 400, name);
        }
    });

    it("tells the passphrase to who may decrypt with the stack's key alone", async () => {
        const decrypt = (who: string, key: string) =>
            ask(who, `/v1/${key}:decrypt`, { method: "POST", body: '{"ciphertext":"eA=="}' });
        const { text } = await decrypt("reader", stateKey(place, "dev"));
        assert.deepEqual(JSON.parse(text), { plaintext: Buffer.from("correct horse").toString("base64") });
        const refused = await decrypt("writer", stateKey(place, "dev"));
        assert.equal(refused.status, 403);
        assert.match(refused.text, /Permission 'cloudkms\.cryptoKeyVersions\.useToDecrypt' denied on resource/);
        assert.equal((await decrypt("reader", stateKey(place, "stage"))).status, 403);
    });
});
