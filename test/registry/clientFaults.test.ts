import assert from "node:assert/strict";
import { OciRegistry } from "../../core/registry/client";
import { anonymous } from "../../core/registry/credentials";
import { digestOf } from "../../core/registry/contents";
import { RegistryError, TagMoved } from "../../core/registry/model";
import { crane, heavyImage, image, index, push } from "./clientImages";
import { type Fault, type Proxy, startProxy } from "./clientProxy";
import { type RunningRegistry, startCraneRegistry, startDockerRegistry } from "./servers";

describe("a registry that fails", () => {
    let docker: RunningRegistry;
    let other: RunningRegistry;
    const proxies: Proxy[] = [];
    const pauses: number[] = [];
    const client = (attempts?: number) =>
        new OciRegistry({
            credentials: anonymous,
            attempts,
            pause: (milliseconds) => {
                pauses.push(milliseconds);
                return Promise.resolve();
            },
        });
    const inFrontOf = async (upstream: string, faultOf: Parameters<typeof startProxy>[1]) => {
        const proxy = await startProxy(upstream, faultOf);
        proxies.push(proxy);
        return proxy;
    };

    before(async function () {
        this.timeout(600_000);
        [docker, other] = await Promise.all([startDockerRegistry(), startCraneRegistry()]);
    });
    beforeEach(() => pauses.splice(0));
    afterEach(() => proxies.splice(0).forEach((proxy) => proxy.close()));
    after(() => Promise.all([docker.stop(), other.stop()]));

    it("at every third request still does all that it is asked for, with the same digests", async function () {
        this.timeout(60_000);
        const faults: Fault[] = [{ status: 503 }, { status: 429 }, "cut", "cut afterwards", "cut halfway"];
        const faultOf = (count: number) => (count % 3 === 0 ? faults[(count / 3) % faults.length] : undefined);
        const near = await inFrontOf(docker.address, faultOf);
        const far = await inFrontOf(other.address, faultOf);
        // One request in three fails: that forty attempts in a row do is out of the question.
        const registry = client(40);

        await Promise.all(
            Array.from({ length: 6 }, async (_, position) => {
                const pushed = position % 3 === 0 ? index(`flaky ${position}`) : image(`flaky ${position}`);
                const [name, { digest }] = [`shop/service-${position}`, pushed];
                await push(`${docker.address}/${name}`, pushed, "abc");

                assert.equal(await registry.tag(`${near.address}/${name}`, digest, "v1"), "put");
                await registry.copy(
                    { repository: `${near.address}/${name}`, digest },
                    { repository: `${near.address}/stable/${name}`, tags: ["v1"] },
                );
                await registry.copy(
                    { repository: `${near.address}/${name}`, digest },
                    { repository: `${far.address}/${name}`, tags: ["abc", "v1"] },
                );
                const artifact = { artifactType: "application/vnd.example", content: Buffer.from(`${position}`) };
                await registry.pushArtifact(`${near.address}/${name}/record`, artifact, ["abc"]);

                assert.deepEqual(await registry.tags(`${near.address}/${name}`), ["abc", "v1"]);
                assert.equal(
                    (await registry.pullArtifact(`${near.address}/${name}/record:abc`))?.content.toString(),
                    `${position}`,
                );
                const places = [
                    `${docker.address}/${name}:v1`,
                    `${docker.address}/stable/${name}:v1`,
                    `${other.address}/${name}:abc`,
                    `${other.address}/${name}:v1`,
                ];
                for (const place of places) {
                    assert.equal((await crane("digest", place)).trim(), digest);
                }
                await crane("validate", "--remote", `${other.address}/${name}:v1`);
            }),
        );
        assert.ok(pauses.length > 30, `only ${pauses.length} requests were sent again`);
    });

    it("in the middle of an upload gets the layer again from its beginning", async () => {
        const pushed = heavyImage(2 << 20);
        await push(`${docker.address}/upload/a`, pushed, "abc");
        let uploads = 0;
        const proxy = await inFrontOf(other.address, (_count, { method, url }) =>
            method === "PUT" && url?.includes("/blobs/") && ++uploads <= 2 ? "cut" : undefined,
        );
        const report = await client().copy(
            { repository: `${docker.address}/upload/a`, digest: pushed.digest },
            { repository: `${proxy.address}/upload/b`, tags: ["abc"] },
        );
        assert.equal(report.uploadedBytes, pushed.blobs[0].length + pushed.blobs[1].length);
        assert.equal(pauses.length, 2);
        await crane("validate", "--remote", `${other.address}/upload/b:abc`);
    });

    it("to mount a blob is sent it", async () => {
        const pushed = image("not mounted");
        await push(`${docker.address}/unmounted/a`, pushed, "abc");
        const proxy = await inFrontOf(docker.address, (_count, { url }) =>
            url?.includes("?mount=") ? { path: url.split("?")[0] } : undefined,
        );
        const report = await client().copy(
            { repository: `${proxy.address}/unmounted/a`, digest: pushed.digest },
            { repository: `${proxy.address}/unmounted/b` },
        );
        assert.deepEqual([report.mountedBlobs, report.uploadedBytes], [0, pushed.blobs[0].length + pushed.blobs[1].length]);
        await crane("validate", "--remote", `${docker.address}/unmounted/b@${pushed.digest}`);
    });

    it("for long is given up after six attempts, with its last answer", async () => {
        const body = JSON.stringify({ errors: [{ code: "UNAVAILABLE", message: "come back later" }] });
        const proxy = await inFrontOf(docker.address, () => ({ status: 503, body }));
        await assert.rejects(
            client().resolve(`${proxy.address}/shop/cart:abc`),
            new RegistryError(
                `Cannot resolve ${proxy.address}/shop/cart:abc: ${proxy.address} answered 503 (the last of 6 attempts)`,
                503,
            ),
        );
        await assert.rejects(
            client().tags(`${proxy.address}/shop/cart`),
            new RegistryError(
                `Cannot list the tags of ${proxy.address}/shop/cart: ${proxy.address} answered 503 UNAVAILABLE: come back later (the last of 6 attempts)`,
                503,
                "UNAVAILABLE",
            ),
        );
        assert.equal(proxy.seen.length, 12);
    });

    it("and says when to come back is left alone until then", async () => {
        const pushed = image("patience");
        await push(`${docker.address}/shop/patience`, pushed, "abc");
        const proxy = await inFrontOf(docker.address, (count) =>
            count === 1 ? { status: 429, headers: { "retry-after": "30" } } : undefined,
        );
        assert.equal((await client().resolve(`${proxy.address}/shop/patience:abc`))?.digest, pushed.digest);
        assert.deepEqual(pauses, [30_000]);
    });

    it("for good is asked once", async () => {
        for (const status of [400, 401, 403, 405, 409, 418]) {
            const proxy = await inFrontOf(docker.address, () => ({ status }));
            await assert.rejects(client().tags(`${proxy.address}/shop/cart`), (error: RegistryError) => error.status === status);
            assert.deepEqual(proxy.seen, ["GET /v2/shop/cart/tags/list?n=1000"]);
        }
        assert.deepEqual(pauses, []);
    });

    it("and cannot be reached at all is asked once", async () => {
        const proxy = await startProxy(docker.address, () => "cut");
        proxy.close();
        const registry = client();
        await assert.rejects(registry.tags(`${proxy.address}/shop/cart`), {
            name: "RegistryError",
            message: `Cannot list the tags of ${proxy.address}/shop/cart: connect ECONNREFUSED ${proxy.address}`,
        });
        assert.equal(registry.requests, 1);
    });

    describe("by telling something else", () => {
        const pushed = image("the truth");
        const repository = "shop/truth";
        before(() => push(`${docker.address}/${repository}`, pushed, "abc"));

        const flipped = (body: Buffer) => Buffer.from(body.map((byte, position) => (position === 20 ? byte ^ 1 : byte)));
        const truncated = (body: Buffer, headers: Record<string, unknown>) => {
            headers["content-length"] = String(body.length - 10);
            return body.subarray(0, body.length - 10);
        };
        for (const [damage, answer] of Object.entries({ corrupted: flipped, truncated })) {
            it(`has its ${damage} manifest refused, by digest and by tag`, async () => {
                const proxy = await inFrontOf(docker.address, (_count, { method }) => (method === "GET" ? { answer } : undefined));
                const actual = digestOf(answer(pushed.bytes, {}));
                for (const name of [`:abc`, `@${pushed.digest}`]) {
                    await assert.rejects(
                        client().manifest(`${proxy.address}/${repository}${name}`),
                        new RegistryError(
                            `${proxy.address}/${repository}@${pushed.digest} is damaged: ${proxy.address} answered with a manifest that is ${actual}`,
                        ),
                    );
                }
                await assert.rejects(client().tag(`${proxy.address}/${repository}`, pushed.digest, "v1"), /is damaged/);
                assert.deepEqual(await client().tags(`${docker.address}/${repository}`), ["abc"]);
            });

            it(`has its ${damage} blob refused before anything is tagged`, async () => {
                const proxy = await inFrontOf(docker.address, (_count, { url }) =>
                    url?.includes("/blobs/") ? { answer } : undefined,
                );
                const to = { repository: `${other.address}/refused/${damage}`, tags: ["abc"] };
                await assert.rejects(
                    client().copy({ repository: `${proxy.address}/${repository}`, digest: pushed.digest }, to),
                    /is damaged: expected \d+ bytes/,
                );
                assert.deepEqual(await client().tags(to.repository), []);
                assert.equal(await client().resolve(`${to.repository}@${pushed.digest}`), undefined);
            });
        }

        it("is asked for the manifest where its HEAD does not name the digest", async () => {
            const proxy = await inFrontOf(docker.address, (_count, { method }) =>
                method === "HEAD" ? { answer: (body, headers) => (delete headers["docker-content-digest"], body) } : undefined,
            );
            assert.deepEqual(await client().resolve(`${proxy.address}/${repository}:abc`), {
                digest: pushed.digest,
                mediaType: pushed.mediaType,
                size: pushed.bytes.length,
            });
            assert.deepEqual(proxy.seen, [`HEAD /v2/${repository}/manifests/abc`, `GET /v2/${repository}/manifests/abc`]);
        });

        it("is not believed that it put another digest", async () => {
            const wrong = digestOf(Buffer.from("wrong"));
            const proxy = await inFrontOf(docker.address, (_count, { method }) =>
                method === "PUT" ? { answer: (body, headers) => ((headers["docker-content-digest"] = wrong), body) } : undefined,
            );
            await assert.rejects(client().tag(`${proxy.address}/${repository}`, pushed.digest, "v9"), {
                message: `${proxy.address}/${repository}:v9 was put as ${pushed.digest}, but ${proxy.address} made it ${wrong}`,
            });
        });

        it("that a faster writer had the tag loses no digest", async () => {
            const faster = image("faster");
            await push(`${docker.address}/${repository}`, faster, "raced");
            // The tag is free when it is looked up, and taken and immutable when it is put.
            const proxy = await inFrontOf(docker.address, (count, { method }) =>
                method === "PUT" ? { status: 409 } : count === 1 ? { status: 404 } : undefined,
            );
            await assert.rejects(
                client().tag(`${proxy.address}/${repository}`, pushed.digest, "raced"),
                new TagMoved(`${proxy.address}/${repository}:raced`, faster.digest, pushed.digest),
            );
        });

        it("in pages is read to the last one", async () => {
            const pages: Record<string, { tags: string[]; link?: string }> = {
                "/v2/shop/pages/tags/list?n=1000": {
                    tags: ["b", "a"],
                    link: `</v2/shop/pages/tags/list?n=1000&last=b>; rel="next"`,
                },
                "/v2/shop/pages/tags/list?n=1000&last=b": { tags: ["d"], link: `<list?last=d>; rel="next"` },
                "/v2/shop/pages/tags/list?last=d": { tags: ["c", "d"] },
            };
            const proxy = await inFrontOf(docker.address, (_count, { url }) => {
                const { tags, link } = pages[url!];
                return { status: 200, ...(link ? { headers: { link } } : {}), body: JSON.stringify({ name: "shop/pages", tags }) };
            });
            assert.deepEqual(await client().tags(`${proxy.address}/shop/pages`), ["a", "b", "c", "d"]);
            assert.equal(proxy.seen.length, 3);
        });
    });

    it("is never asked more at a time than allowed", async () => {
        const pushed = image("bounded");
        await push(`${docker.address}/shop/bounded`, pushed, "abc");
        let [inFlight, most] = [0, 0];
        const proxy = await inFrontOf(docker.address, () => {
            most = Math.max(most, ++inFlight);
            return { answer: (body) => (inFlight--, body) };
        });
        const registry = new OciRegistry({ credentials: anonymous, concurrency: 5 });
        await Promise.all(Array.from({ length: 100 }, () => registry.resolve(`${proxy.address}/shop/bounded:abc`)));
        assert.equal(most, 5);
    });
});
