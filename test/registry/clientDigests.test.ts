import assert from "node:assert/strict";
import { OciRegistry } from "../../core/registry/client";
import { anonymous } from "../../core/registry/credentials";
import { digestOf } from "../../core/registry/contents";
import { mirror } from "../../core/registry/mirror";
import { RegistryError, TagMoved } from "../../core/registry/model";
import { Refusal } from "../../core/refusal";
import { crane, heavyImage, image, index, manifestOf, piece, push, type TestImage } from "./clientImages";
import { ociManifest } from "../../core/registry/mediaTypes";
import { type RunningRegistry, startCraneRegistry, startDockerRegistry } from "./servers";

describe("a digest is never changed", () => {
    let docker: RunningRegistry;
    let craneRegistry: RunningRegistry;
    const client = () => new OciRegistry({ credentials: anonymous });

    before(async function () {
        this.timeout(600_000);
        [docker, craneRegistry] = await Promise.all([startDockerRegistry(), startCraneRegistry()]);
    });
    after(() => Promise.all([docker.stop(), craneRegistry.stop()]));

    const kinds: Record<string, (text: string) => TestImage> = {
        "an OCI image": (text) => image(text),
        "a docker image": (text) => image(text, { mediaTypes: "docker" }),
        "an OCI index of two platforms": (text) => index(text),
        "a docker manifest list of two platforms": (text) => index(text, "docker"),
    };
    const servers = { "docker-registry": () => docker.address, "crane registry": () => craneRegistry.address };

    /** What crane, which shares no code with us, sees under a reference. */
    const assertSame = async (reference: string, pushed: TestImage) => {
        assert.equal((await crane("digest", reference)).trim(), pushed.digest);
        assert.equal(digestOf(Buffer.from(await crane("manifest", reference))), pushed.digest);
        await crane("validate", "--remote", reference);
    };

    for (const [kind, make] of Object.entries(kinds)) {
        for (const [server, address] of Object.entries(servers)) {
            it(`when ${kind} gets another tag on ${server}`, async () => {
                const repository = `${address()}/tag/${digestOf(Buffer.from(kind)).slice(7, 15)}`;
                const pushed = make(kind);
                await push(repository, pushed, "abc");

                assert.equal(await client().tag(repository, pushed.digest, "v1"), "put");

                await assertSame(`${repository}:v1`, pushed);
                assert.deepEqual(await client().resolve(`${repository}:v1`), {
                    digest: pushed.digest,
                    mediaType: pushed.mediaType,
                    size: pushed.bytes.length,
                });
                assert.equal(await client().tag(repository, pushed.digest, "v1"), "unchanged");
                assert.deepEqual(await client().tags(repository), ["abc", "v1"]);
            });
        }

        for (const [from, to] of [
            ["docker-registry", "docker-registry"],
            ["crane registry", "crane registry"],
            ["docker-registry", "crane registry"],
            ["crane registry", "docker-registry"],
        ] as const) {
            it(`when ${kind} is copied from ${from} to ${from === to ? "another repository" : to}`, async () => {
                const name = digestOf(Buffer.from(kind + from + to)).slice(7, 15);
                const [source, target] = [`${servers[from]()}/develop/${name}`, `${servers[to]()}/stable/${name}`];
                const pushed = make(name);
                await push(source, pushed, "abc");
                const sizes = [pushed, ...pushed.children].flatMap(({ blobs }) => blobs.map(({ length }) => length));

                const report = await client().copy(
                    { repository: source, digest: pushed.digest },
                    { repository: target, tags: ["abc", "v1"] },
                );

                await assertSame(`${target}:abc`, pushed);
                await assertSame(`${target}:v1`, pushed);
                // The registry inside crane has one store of blobs for all its repositories: there is nothing to mount.
                const sent = from === to ? 0 : sizes.reduce((sum, size) => sum + size, 0);
                assert.deepEqual(report, {
                    digest: pushed.digest,
                    uploadedBytes: sent,
                    mountedBlobs: from === to && to === "docker-registry" ? sizes.length : 0,
                    unchanged: false,
                });
                assert.deepEqual(
                    await client().copy({ repository: source, digest: pushed.digest }, { repository: target, tags: ["v1", "abc"] }),
                    { digest: pushed.digest, uploadedBytes: 0, mountedBlobs: 0, unchanged: true },
                );
            });
        }
    }

    it("and only the tags are put where the destination has the image", async () => {
        const pushed = image("only a tag");
        await push(`${docker.address}/there/already`, pushed, "abc");
        const source = { repository: `${docker.address}/nowhere/at/all`, digest: pushed.digest };
        const report = await client().copy(source, { repository: `${docker.address}/there/already`, tags: ["abc", "v2"] });
        assert.deepEqual(report, { digest: pushed.digest, uploadedBytes: 0, mountedBlobs: 0, unchanged: false });
        await assertSame(`${docker.address}/there/already:v2`, pushed);
    });

    it("and layers of many megabytes stream through", async () => {
        const pushed = heavyImage(6 << 20);
        await push(`${docker.address}/heavy/a`, pushed, "abc");
        const to = { repository: `${craneRegistry.address}/heavy/b`, tags: ["abc"] };
        const report = await client().copy({ repository: `${docker.address}/heavy/a`, digest: pushed.digest }, to);
        assert.equal(report.uploadedBytes, pushed.blobs[0].length + pushed.blobs[1].length);
        await assertSame(`${craneRegistry.address}/heavy/b:abc`, pushed);
    });

    it("and one request at a time suffices for a copy, even inside one registry", async () => {
        const pushed = index("narrow");
        await push(`${docker.address}/narrow/a`, pushed, "abc");
        const narrow = new OciRegistry({ credentials: anonymous, concurrency: 1 });
        await narrow.copy(
            { repository: `${docker.address}/narrow/a`, digest: pushed.digest },
            { repository: `${craneRegistry.address}/narrow/b` },
        );
        await narrow.copy(
            { repository: `${craneRegistry.address}/narrow/b`, digest: pushed.digest },
            { repository: `${docker.address}/narrow/c` },
        );
        await assertSame(`${docker.address}/narrow/c@${pushed.digest}`, pushed);
    });

    it("and a layer that no registry may be asked for stays where it is", async () => {
        const whole = image("windows");
        const [config, layer] = whole.blobs;
        const foreign = {
            ...piece("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Buffer.from("elsewhere")),
            urls: ["https://example.com/layer"],
        };
        const pushed = manifestOf(ociManifest, whole.blobs, [], {
            schemaVersion: 2,
            mediaType: ociManifest,
            config: piece("application/vnd.oci.image.config.v1+json", config),
            layers: [foreign, piece("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
        });
        await push(`${craneRegistry.address}/windows/a`, pushed, "abc");
        const report = await client().copy(
            { repository: `${craneRegistry.address}/windows/a`, digest: pushed.digest },
            { repository: `${craneRegistry.address}/windows/b`, tags: ["abc"] },
        );
        assert.equal(report.uploadedBytes, 0);
        assert.equal((await crane("digest", `${craneRegistry.address}/windows/b:abc`)).trim(), pushed.digest);
    });

    describe("and a tag is written once", () => {
        it("unless it is moved on purpose", async () => {
            const repository = `${docker.address}/once/tag`;
            const [old, young] = [image("old"), image("young")];
            await push(repository, old, "latest");
            await push(repository, young, "young");

            await assert.rejects(
                client().tag(repository, young.digest, "latest"),
                new TagMoved(`${repository}:latest`, old.digest, young.digest),
            );
            await assertSame(`${repository}:latest`, old);
            assert.equal(await client().tag(repository, young.digest, "latest", { move: true }), "put");
            await assertSame(`${repository}:latest`, young);
        });

        it("so a copy with one taken tag sends nothing at all", async () => {
            const [old, young] = [image("taken"), image("newcomer")];
            await push(`${docker.address}/once/source`, young, "abc");
            await push(`${craneRegistry.address}/once/target`, old, "v1");

            const to = { repository: `${craneRegistry.address}/once/target`, tags: ["fresh", "v1"] };
            await assert.rejects(
                client().copy({ repository: `${docker.address}/once/source`, digest: young.digest }, to),
                TagMoved,
            );

            assert.deepEqual(await client().tags(to.repository), ["v1"]);
            assert.equal(await client().resolve(`${to.repository}@${young.digest}`), undefined);
            const blob = await fetch(`http://${craneRegistry.address}/v2/once/target/blobs/${digestOf(young.blobs[1])}`, {
                method: "HEAD",
            });
            assert.equal(blob.status, 404);
        });

        it("and cannot be put on a manifest that is not there", async () => {
            const absent = digestOf(Buffer.from("absent"));
            await assert.rejects(
                client().tag(`${docker.address}/once/absent`, absent, "v1"),
                new RegistryError(`${docker.address}/once/absent@${absent} does not exist`, 404, "MANIFEST_UNKNOWN"),
            );
        });
    });

    it("when a third party's image is mirrored", async () => {
        const pushed = index("redis");
        const upstream = `${craneRegistry.address}/library/redis`;
        await push(upstream, pushed, "8.2");
        const ours = `${docker.address}/mirrored/redis`;
        assert.equal((await mirror(client(), `${upstream}:8.2@${pushed.digest}`, ours, ["abc"])).digest, pushed.digest);
        await assertSame(`${ours}:abc`, pushed);

        const absent = digestOf(Buffer.from("no such image"));
        await assert.rejects(mirror(client(), `${upstream}:8.2@${absent}`, ours, ["def"]), (error: Refusal) => {
            assert.equal(
                error.message,
                [
                    `Mirroring into ${ours} refused, nothing was changed:`,
                    `  ${upstream}:8.2@${absent}`,
                    `${" ".repeat(6)}${upstream} does not have ${absent}: it never did, or it was deleted there`,
                    `${" ".repeat(6)}→ crane digest ${upstream}:8.2, then put that digest into services.yaml`,
                ].join("\n"),
            );
            return true;
        });
        await assert.rejects(mirror(client(), `${upstream}:8.2`, ours, ["def"]), /is not named by digest/);
        assert.deepEqual(await client().tags(ours), ["abc"]);
    });

    it("and what does not exist is nothing, not an error", async () => {
        for (const address of [docker.address, craneRegistry.address]) {
            assert.equal(await client().resolve(`${address}/no/such:tag`), undefined);
            assert.equal(await client().manifest(`${address}/no/such:tag`), undefined);
            assert.deepEqual(await client().tags(`${address}/no/such`), []);
        }
    });

    it("and five hundred questions at once are answered, each with one request", async () => {
        const pushed = image("asked often");
        await push(`${docker.address}/asked/often`, pushed, "abc");
        const registry = client();
        const answers = await Promise.all(Array.from({ length: 500 }, () => registry.resolve(`${docker.address}/asked/often:abc`)));
        assert.deepEqual(new Set(answers.map((answer) => answer?.digest)), new Set([pushed.digest]));
        assert.equal(registry.requests, 500);
    });
});
