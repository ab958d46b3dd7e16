import assert from "node:assert/strict";
import { RegistryFiles } from "../../sandbox/registry/files";
import { basicAuthorization, pushImage } from "../../sandbox/registry/push";
import { digestOf } from "../../sandbox/registry/storage";
import { imageSaying, World } from "./doubleWorld";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const absent = `sha256:${"0".repeat(64)}`;

describe("What the registry double refuses", () => {
    let world: World;
    const image = imageSaying("hello");
    const develop = "acme-dev/develop/greeter";
    const stable = "acme-dev/stable/greeter";
    const push = (member: string, repository: string, tags: string[], pushed = image) =>
        pushImage({ address: world.registry.address, repository }, pushed, tags, basicAuthorization(`token-of-${member}`));
    const refusedManifest = (body: Buffer | string, type = manifestType, reference = "v1") =>
        world.refusal("builder", "PUT", `/v2/${develop}/manifests/${reference}`, { body, headers: { "content-type": type } });

    before(async () => {
        world = await World.start();
        await push("builder", develop, ["latest"]);
    });
    after(() => world.end());

    it("asks who you are, where, and for what", async () => {
        const { address } = world.registry;
        const challenge = async (method: string, path: string) => {
            const response = await world.ask(undefined, method, path);
            return [response.status, response.headers.get("www-authenticate")];
        };
        const bearer = `Bearer realm="http://${address}/v2/token",service="${address}"`;
        assert.deepEqual(await challenge("GET", "/v2/"), [401, bearer]);
        assert.deepEqual(await challenge("HEAD", `/v2/${develop}/manifests/latest`), [
            401,
            `${bearer},scope="repository:${develop}:pull"`,
        ]);
        assert.deepEqual(await challenge("POST", `/v2/${develop}/blobs/uploads/`), [
            401,
            `${bearer},scope="repository:${develop}:pull,push"`,
        ]);
        // Who is nobody learns not even what exists.
        assert.deepEqual(await challenge("GET", "/v2/acme-dev/nothing/greeter/tags/list"), [
            401,
            `${bearer},scope="repository:acme-dev/nothing/greeter:pull"`,
        ]);
        assert.equal((await world.refusal(undefined, "GET", "/v2/")).code, "UNAUTHORIZED");
    });

    it("takes no credential that it does not know", async () => {
        for (const authorization of [
            basicAuthorization("stolen"),
            `Basic ${Buffer.from("builder:token-of-builder").toString("base64")}`,
            "Bearer stolen",
            `Bearer ${Buffer.from('["builder",99999999999999]').toString("base64url")}.forged`,
            "Negotiate token-of-builder",
        ]) {
            const response = await world.ask(undefined, "GET", `/v2/${develop}/tags/list`, { headers: { authorization } });
            assert.equal(response.status, 401, authorization);
        }
    });

    it("names the permission that is missing, and where", async () => {
        assert.deepEqual(await world.refusal("deployer", "POST", `/v2/${develop}/blobs/uploads/`), {
            status: 403,
            code: "DENIED",
            message:
                'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "projects/acme-dev/locations/europe-west1/repositories/develop" (or it may not exist)',
        });
        assert.deepEqual(await world.refusal("builder", "GET", `/v2/${stable}/manifests/v1`), {
            status: 403,
            code: "DENIED",
            message:
                'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/acme-dev/locations/europe-west1/repositories/stable" (or it may not exist)',
        });
    });

    it("has no repository that the platform did not make", async () => {
        const expected = { status: 404, code: "NAME_UNKNOWN", message: 'Repository "staging" not found' };
        assert.deepEqual(await world.refusal("builder", "POST", "/v2/acme-dev/staging/greeter/blobs/uploads/"), expected);
        assert.deepEqual(await world.refusal("builder", "GET", "/v2/acme-dev/staging/greeter/manifests/v1"), expected);
        assert.equal((await world.refusal("builder", "GET", "/v2/acme-prod/develop/greeter/manifests/v1")).status, 404);
        assert.equal((await world.refusal("builder", "POST", "/v2/acme-dev/develop/blobs/uploads/")).code, "NAME_UNKNOWN");
    });

    it("gives tokens for its own service only, and nobody without credentials one for what is not everybody's", async () => {
        const { address } = world.registry;
        assert.equal((await world.refusal("builder", "GET", "/v2/token?service=elsewhere")).status, 400);
        for (const scope of [
            "",
            `&scope=repository:${develop}:pull`,
            `&scope=repository:acme-dev/catalog/a:pull&scope=repository:${develop}:pull`,
        ]) {
            const { status, code } = await world.refusal(undefined, "GET", `/v2/token?service=${address}${scope}`);
            assert.deepEqual([status, code], [401, "UNAUTHORIZED"], scope);
        }
    });

    it("takes no token for longer than it lasts", async () => {
        const brief = await World.start(0);
        const { token } = (await (await brief.ask("builder", "GET", "/v2/token")).json()) as { token: string };
        const response = await brief.ask(undefined, "GET", "/v2/", { headers: { authorization: `Bearer ${token}` } });
        await brief.end();
        assert.equal(response.status, 401);
    });

    it("deletes nothing", async () => {
        for (const path of [`manifests/latest`, `manifests/${image.digest}`, `blobs/${absent}`]) {
            const response = await world.ask("builder", "DELETE", `/v2/${develop}/${path}`);
            assert.equal(response.status, 405);
            assert.match(response.headers.get("allow")!, /GET/);
        }
        assert.equal((await world.refusal("builder", "DELETE", `/v2/${develop}/manifests/latest`)).code, "UNSUPPORTED");
    });

    it("serves no path that is none of its own", async () => {
        const status = async (path: string) => {
            const refusal = await world.refusal("builder", "GET", path);
            return [refusal.status, refusal.code];
        };
        assert.deepEqual(await status("/v2/_catalog"), [404, "UNSUPPORTED"]);
        assert.deepEqual(await status("/v1/search"), [404, "UNSUPPORTED"]);
        assert.deepEqual(await status("/v2/acme-dev/Develop/greeter/tags/list"), [400, "NAME_INVALID"]);
        assert.deepEqual(await status("/v2/acme-dev/develop%2Fgreeter/tags/list"), [400, "NAME_INVALID"]);
        assert.deepEqual(await status(`/v2/${develop}/manifests/.hidden`), [400, "TAG_INVALID"]);
        assert.deepEqual(await status(`/v2/${develop}/blobs/sha256:short`), [400, "DIGEST_INVALID"]);
        assert.deepEqual(await status(`/v2/${develop}/manifests/${absent}`), [404, "MANIFEST_UNKNOWN"]);
        assert.deepEqual(await status(`/v2/${develop}/blobs/${absent}`), [404, "BLOB_UNKNOWN"]);
        assert.deepEqual(await status(`/v2/${develop}/blobs/${image.digest}`), [404, "BLOB_UNKNOWN"]);
        assert.deepEqual(await status(`/v2/${develop}/blobs/uploads/..%2f..%2fsecret`), [404, "BLOB_UPLOAD_UNKNOWN"]);
        assert.deepEqual(await status(`/v2/${develop}/blobs/uploads/nobody`), [404, "BLOB_UPLOAD_UNKNOWN"]);
        assert.deepEqual(await status("/v2/acme-dev/develop/unborn/tags/list"), [404, "NAME_UNKNOWN"]);
        assert.deepEqual(await status(`/v2/${develop}/tags/list?n=-1`), [400, "PAGINATION_NUMBER_INVALID"]);
        assert.deepEqual(await status("/artifacts-downloads/namespaces/acme-dev/repositories/develop/downloads/guess"), [
            403,
            "DENIED",
        ]);
    });

    it("takes a manifest only when it is one", async () => {
        const valid = JSON.parse(image.manifest.toString());
        const code = async (body: unknown, type?: string) => {
            const { status, code } = await refusedManifest(typeof body === "string" ? body : JSON.stringify(body), type);
            return [status, code];
        };
        const invalid = [400, "MANIFEST_INVALID"];
        assert.deepEqual(await code("{"), invalid);
        assert.deepEqual(await code("[]"), invalid);
        assert.deepEqual(await code(valid, "application/json"), invalid);
        assert.deepEqual(await code(valid, indexType), invalid);
        assert.deepEqual(await code({ ...valid, schemaVersion: 1 }), invalid);
        assert.deepEqual(
            await code({ ...valid, mediaType: undefined }, "application/vnd.docker.distribution.manifest.v2+json"),
            invalid,
        );
        assert.deepEqual(await code({ ...valid, config: undefined }), invalid);
        assert.deepEqual(await code({ ...valid, layers: {} }), invalid);
        assert.deepEqual(await code({ ...valid, manifests: [] }), invalid);
        assert.deepEqual(await code({ ...valid, config: { ...valid.config, digest: "sha256:short" } }), invalid);
        assert.deepEqual(await code({ ...valid, config: { ...valid.config, size: -1 } }), invalid);
        assert.deepEqual(await code({ ...valid, config: { ...valid.config, size: valid.config.size + 1 } }), invalid);
        assert.deepEqual(await code({ ...valid, layers: [{ ...valid.layers[0], mediaType: "" }] }), invalid);
        assert.deepEqual(await code({ ...valid, subject: {} }), invalid);
        assert.deepEqual(await code(" ".repeat(4 * 1024 * 1024 + 1)), [413, "SIZE_INVALID"]);
        const child = { mediaType: manifestType, digest: image.digest, size: image.manifest.length };
        const mistyped = { ...child, mediaType: indexType };
        assert.deepEqual(await code({ schemaVersion: 2, mediaType: indexType, manifests: [mistyped] }, indexType), invalid);
        assert.equal((await refusedManifest(image.manifest, manifestType, absent)).code, "DIGEST_INVALID");
        assert.equal((await refusedManifest(image.manifest, manifestType, "v1.0+1")).code, "TAG_INVALID");
    });

    it("takes a manifest only after all that it names, and says what is missing", async () => {
        const other = imageSaying("other", ["linux/amd64", "linux/arm64"]);
        const put = (body: Buffer, type: string) =>
            world.ask("builder", "PUT", `/v2/${develop}/manifests/v1`, { body, headers: { "content-type": type } });
        const missing = async (response: Response) => {
            const { errors } = (await response.json()) as { errors: { code: string; detail: { digest: string } }[] };
            return { status: response.status, missing: errors.map(({ code, detail }) => `${code} ${detail.digest}`) };
        };
        const unknown = (digest: string) => `MANIFEST_BLOB_UNKNOWN ${digest}`;
        const { config, layers } = JSON.parse(other.children[0].manifest.toString());
        assert.deepEqual(await missing(await put(other.children[0].manifest, manifestType)), {
            status: 400,
            missing: [unknown(config.digest), unknown(layers[0].digest)],
        });
        assert.deepEqual(await missing(await put(other.manifest, indexType)), {
            status: 400,
            missing: other.children.map(({ digest }) => unknown(digest)),
        });
        assert.equal((await world.ask("builder", "HEAD", `/v2/${develop}/manifests/v1`)).status, 404);
    });

    it("takes a blob only under its own digest", async () => {
        const wrong = await world.refusal("builder", "POST", `/v2/${develop}/blobs/uploads/?digest=${absent}`, { body: "content" });
        assert.deepEqual(wrong, {
            status: 400,
            code: "DIGEST_INVALID",
            message: `The content uploaded has digest ${digestOf(Buffer.from("content"))}, not ${absent}`,
        });
        const session = (await world.ask("builder", "POST", `/v2/${develop}/blobs/uploads/`)).headers.get("location")!;
        assert.equal((await world.refusal("builder", "PUT", session, { body: "content" })).code, "DIGEST_INVALID");
        const gap = await world.refusal("builder", "PATCH", session, { body: "tent", headers: { "content-range": "3-6" } });
        assert.deepEqual([gap.status, gap.code], [416, "BLOB_UPLOAD_INVALID"]);
        const elsewhere = session.replace("greeter", "another");
        assert.equal((await world.refusal("builder", "PATCH", elsewhere, { body: "content" })).code, "BLOB_UPLOAD_UNKNOWN");
    });

    it("shows a blob only where it was uploaded or mounted, and mounts only what the caller may pull", async () => {
        const secret = Buffer.from("only deployers read this");
        const digest = digestOf(secret);
        assert.equal(await world.upload("deployer", stable, digest, secret), 201);
        const head = async (member: string, path: string) =>
            (await world.ask(member, "HEAD", `/v2/${path}/blobs/${digest}`)).status;
        assert.equal(await head("deployer", stable), 200);
        assert.equal(await head("deployer", develop), 404);
        assert.equal(await head("deployer", "acme-dev/stable/another"), 404);

        const mount = async (member: string, to: string, from: string) =>
            (await world.ask(member, "POST", `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`)).status;
        assert.equal(await mount("builder", develop, stable), 202, "the builder may not pull from stable");
        assert.equal(await mount("builder", develop, "acme-dev/develop/another"), 202, "it is not there");
        assert.equal(await mount("builder", develop, "../../secret"), 202, "that is no repository");
        assert.equal(await head("builder", develop), 404);
        assert.equal(await mount("deployer", "acme-dev/stable/another", stable), 201);
        assert.equal(await head("deployer", "acme-dev/stable/another"), 200);
    });

    it("moves no tag of an immutable repository, and changes no byte when asked to", async () => {
        const [first, second] = [imageSaying("first"), imageSaying("second")];
        await push("deployer", stable, ["v1.0.0"], first);
        await push("deployer", stable, ["v2.0.0"], second);
        const files = new RegistryFiles(world.directory);
        const before = await files.contentHash();

        const put = { body: second.manifest, headers: { "content-type": manifestType } };
        assert.deepEqual(await world.refusal("deployer", "PUT", `/v2/${stable}/manifests/v1.0.0`, put), {
            status: 400,
            code: "MANIFEST_INVALID",
            message: "cannot update tag v1.0.0. The repository has enabled tag immutability",
        });
        await push("deployer", stable, ["v1.0.0"], first);

        assert.equal(await files.digest(stable, "v1.0.0"), first.digest);
        assert.equal(await files.contentHash(), before);
    });

    it("gives a manifest only to who can read its type", async () => {
        const headers = { accept: "application/vnd.docker.distribution.manifest.v2+json" };
        assert.equal(
            (await world.refusal("builder", "GET", `/v2/${develop}/manifests/latest`, { headers })).code,
            "MANIFEST_UNKNOWN",
        );
        const both = { accept: `application/vnd.docker.distribution.manifest.v2+json, ${manifestType};q=0.5` };
        assert.equal((await world.ask("builder", "GET", `/v2/${develop}/manifests/latest`, { headers: both })).status, 200);
    });
});
