import assert from "node:assert/strict";
import { writeImage } from "../../sandbox/registry/images";
import { basicAuthorization, pushImage } from "../../sandbox/registry/push";
import { type AuthorisedRequest, openPolicy, serveRegistry } from "../../sandbox/registry/server";
import { digestOf } from "../../sandbox/registry/storage";
import { imageSaying, World } from "./doubleWorld";

describe("What the registry double serves", () => {
    let world: World;
    const develop = "acme-dev/develop/greeter";
    const push = (repository: string, image: ReturnType<typeof imageSaying>, tags: string[]) =>
        pushImage({ address: world.registry.address, repository }, image, tags, basicAuthorization("token-of-builder"));

    beforeEach(async () => {
        world = await World.start();
    });
    afterEach(() => world.end());

    it("gives back the bytes that were pushed, under tag and digest, to HEAD and GET", async () => {
        const image = imageSaying("hello", ["linux/amd64", "linux/arm64"]);
        assert.equal(await push(develop, image, ["v1", "latest"]), image.digest);
        for (const reference of ["v1", "latest", image.digest]) {
            const get = await world.ask("builder", "GET", `/v2/${develop}/manifests/${reference}`);
            assert.deepEqual(Buffer.from(await get.arrayBuffer()), image.manifest);
            const head = await world.ask("builder", "HEAD", `/v2/${develop}/manifests/${reference}`);
            const told = ["content-type", "content-length", "docker-content-digest"].map((name) => head.headers.get(name));
            assert.deepEqual(told, [image.mediaType, String(image.manifest.length), image.digest]);
        }
        const child = await world.ask("deployer", "GET", `/v2/${develop}/manifests/${image.children[1].digest}`);
        assert.deepEqual(Buffer.from(await child.arrayBuffer()), image.children[1].manifest);
    });

    it("sends blobs by a relative redirect that needs no credentials, whole or in ranges", async () => {
        const bytes = Buffer.from("0123456789");
        const digest = digestOf(bytes);
        await world.upload("builder", develop, digest, bytes);
        const redirect = await world.ask("builder", "GET", `/v2/${develop}/blobs/${digest}`);
        const location = redirect.headers.get("location")!;
        assert.equal(redirect.status, 302);
        assert.match(location, /^\/artifacts-downloads\/namespaces\/acme-dev\/repositories\/develop\/downloads\/[\w.-]+$/);
        assert.equal(await (await world.ask(undefined, "GET", location)).text(), "0123456789");
        const range = async (value: string) => {
            const response = await world.ask(undefined, "GET", location, { headers: { range: value } });
            return [response.status, response.headers.get("content-range"), response.ok ? await response.text() : ""];
        };
        assert.deepEqual(await range("bytes=2-4"), [206, "bytes 2-4/10", "234"]);
        assert.deepEqual(await range("bytes=7-"), [206, "bytes 7-9/10", "789"]);
        assert.deepEqual(await range("bytes=10-"), [416, "bytes */10", ""]);
        const head = await world.ask("builder", "HEAD", `/v2/${develop}/blobs/${digest}`);
        assert.deepEqual([head.status, head.headers.get("content-length")], [200, "10"]);
    });

    it("takes a blob in pieces and tells how far it is", async () => {
        const digest = digestOf(Buffer.from("one two three"));
        const started = await world.ask("builder", "POST", `/v2/${develop}/blobs/uploads/`);
        assert.equal(started.status, 202);
        const session = started.headers.get("location")!;
        const patch = async (body: string, range: string) => {
            const response = await world.ask("builder", "PATCH", session, { body, headers: { "content-range": range } });
            return [response.status, response.headers.get("range")];
        };
        assert.deepEqual(await patch("one ", "0-3"), [202, "0-3"]);
        assert.deepEqual(await patch("two ", "4-7"), [202, "0-7"]);
        const status = await world.ask("builder", "GET", session);
        assert.deepEqual([status.status, status.headers.get("range")], [204, "0-7"]);
        const done = await world.ask("builder", "PUT", `${session}?digest=${digest}`, { body: "three" });
        assert.deepEqual([done.status, done.headers.get("location")], [201, `/v2/${develop}/blobs/${digest}`]);
        assert.equal((await world.ask("builder", "GET", session)).status, 404);
        const whole = await world.ask("builder", "POST", `/v2/${develop}/blobs/uploads/`);
        const put = await world.ask("builder", "PUT", `${whole.headers.get("location")}?digest=${digestOf(Buffer.from("all"))}`, {
            body: "all",
        });
        assert.equal(put.status, 201);
    });

    it("lists tags in order, a page at a time", async () => {
        await push(develop, imageSaying("hello"), ["b", "d", "a", "c", "e"]);
        const pages: string[][] = [];
        let next: string | undefined = `/v2/${develop}/tags/list?n=2`;
        while (next) {
            const page: Response = await world.ask("deployer", "GET", next);
            pages.push(((await page.json()) as { tags: string[] }).tags);
            next = /^<(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
        }
        assert.deepEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
        const all = await world.ask("deployer", "GET", `/v2/${develop}/tags/list`);
        assert.deepEqual(await all.json(), { name: develop, tags: ["a", "b", "c", "d", "e"] });
        assert.equal(all.headers.get("link"), null);
        assert.deepEqual(await (await world.ask("deployer", "GET", `/v2/${develop}/tags/list?n=0`)).json(), {
            name: develop,
            tags: [],
        });
    });

    it("lets a tag of a mutable repository move", async () => {
        const [first, second] = [imageSaying("first"), imageSaying("second")];
        await push(develop, first, ["latest"]);
        await push(develop, second, ["latest"]);
        const head = await world.ask("builder", "HEAD", `/v2/${develop}/manifests/latest`);
        assert.equal(head.headers.get("docker-content-digest"), second.digest);
        assert.equal((await world.ask("builder", "HEAD", `/v2/${develop}/manifests/${first.digest}`)).status, 200);
    });

    it("knows what refers to an image", async () => {
        const image = imageSaying("hello");
        await push(develop, image, ["v1"]);
        const empty = Buffer.from("{}");
        await world.upload("builder", develop, digestOf(empty), empty);
        const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: empty.length };
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const attestation = Buffer.from(
            JSON.stringify({
                schemaVersion: 2,
                mediaType,
                artifactType: "application/vnd.acme.attestation",
                config,
                layers: [config],
                subject: { mediaType, digest: image.digest, size: image.manifest.length },
                annotations: { by: "builder" },
            }),
        );
        const digest = digestOf(attestation);
        const put = await world.ask("builder", "PUT", `/v2/${develop}/manifests/${digest}`, {
            body: attestation,
            headers: { "content-type": mediaType },
        });
        assert.equal(put.headers.get("oci-subject"), image.digest);
        const referrers = async (query = "") =>
            (
                (await (await world.ask("builder", "GET", `/v2/${develop}/referrers/${image.digest}${query}`)).json()) as {
                    manifests: unknown;
                }
            ).manifests;
        const expected = {
            mediaType,
            digest,
            size: attestation.length,
            artifactType: "application/vnd.acme.attestation",
            annotations: { by: "builder" },
        };
        assert.deepEqual(await referrers(), [expected]);
        assert.deepEqual(await referrers("?artifactType=application/vnd.acme.attestation"), [expected]);
        assert.deepEqual(await referrers("?artifactType=application/vnd.acme.sbom"), []);
    });

    it("takes Basic, its own bearer tokens, and an access token as bearer", async () => {
        const tags = (authorization: string) =>
            world.ask(undefined, "POST", `/v2/${develop}/blobs/uploads/`, { headers: { authorization } });
        const scope = encodeURIComponent(`repository:${develop}:pull,push`);
        const answer = await world.ask("builder", "GET", `/v2/token?service=${world.registry.address}&scope=${scope}`);
        const { token, expires_in } = (await answer.json()) as { token: string; expires_in: number };
        assert.equal(expires_in, 300);
        assert.equal((await tags(`Bearer ${token}`)).status, 202);
        assert.equal((await tags("Bearer token-of-builder")).status, 202);
        assert.equal((await tags(basicAuthorization("token-of-builder"))).status, 202);
        const deployers = (await (await world.ask("deployer", "GET", "/v2/token")).json()) as { token: string };
        assert.equal((await tags(`Bearer ${deployers.token}`)).status, 403);
    });

    it("lets everybody pull what is everybody's, and push nothing", async () => {
        const catalog = "acme-dev/catalog/greeter";
        await push(catalog, imageSaying("hello"), ["v1"]);
        assert.equal((await world.ask(undefined, "GET", `/v2/${catalog}/manifests/v1`)).status, 200);
        const answer = await world.ask(undefined, "GET", `/v2/token?scope=${encodeURIComponent(`repository:${catalog}:pull`)}`);
        const { token } = (await answer.json()) as { token: string };
        const headers = { authorization: `Bearer ${token}` };
        assert.equal((await world.ask(undefined, "GET", "/v2/", { headers })).status, 200);
        assert.equal((await world.ask(undefined, "GET", `/v2/${catalog}/manifests/v1`, { headers })).status, 200);
        assert.deepEqual(await world.refusal(undefined, "POST", `/v2/${catalog}/blobs/uploads/`, { headers }), {
            status: 403,
            code: "DENIED",
            message:
                'Unauthenticated request. Unauthenticated requests do not have permission "artifactregistry.repositories.uploadArtifacts" on resource "projects/acme-dev/locations/europe-west1/repositories/catalog" (or it may not exist)',
        });
    });

    it("plays an upstream that only its directory fills", async () => {
        const image = imageSaying("redis");
        await writeImage(world.directory, "library/redis", image, ["8.2"]);
        const upstream = await serveRegistry({ directory: world.directory, policy: openPolicy });
        const manifest = await fetch(`http://${upstream.address}/v2/library/redis/manifests/8.2`);
        const push = pushImage({ address: upstream.address, repository: "library/redis" }, imageSaying("evil"), ["8.2"]);
        await assert.rejects(push, /POST .* → 401 .*UNAUTHORIZED/);
        await upstream.close();
        assert.equal(manifest.headers.get("docker-content-digest"), image.digest);
    });

    it("tells an audit who was let in, for what, and not who was turned away", async () => {
        const audit: AuthorisedRequest[] = [];
        world.registry.onRequest = (request) => audit.push(request);
        await world.ask("deployer", "GET", `/v2/${develop}/tags/list?n=1`);
        await world.ask("deployer", "POST", `/v2/${develop}/blobs/uploads/`);
        await world.ask(undefined, "GET", "/v2/acme-dev/catalog/greeter/tags/list");
        assert.deepEqual(audit, [
            { member: "deployer", action: "pull", method: "GET", repository: develop, url: `/v2/${develop}/tags/list?n=1` },
            {
                action: "pull",
                method: "GET",
                repository: "acme-dev/catalog/greeter",
                url: "/v2/acme-dev/catalog/greeter/tags/list",
            },
        ]);
    });
});
