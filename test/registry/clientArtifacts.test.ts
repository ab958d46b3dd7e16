import assert from "node:assert/strict";
import { OciRegistry } from "../../core/registry/client";
import { digestOf } from "../../core/registry/contents";
import { anonymous } from "../../core/registry/credentials";
import { ociManifest } from "../../core/registry/mediaTypes";
import { RegistryError, TagMoved } from "../../core/registry/model";
import { crane, image, manifestOf, piece, push } from "./clientImages";
import { startProxy } from "./clientProxy";
import { type RunningRegistry, startCraneRegistry, startDockerRegistry } from "./servers";

const lock = {
    artifactType: "application/vnd.example.lock.v1+json",
    content: Buffer.from('{"images":{}}'),
    annotations: { "org.example.b": "2", "org.example.a": "1" },
};

describe("an artifact", () => {
    const running: Record<string, RunningRegistry> = {};
    const client = () => new OciRegistry({ credentials: anonymous });

    before(async function () {
        this.timeout(600_000);
        [running.docker, running.crane] = await Promise.all([startDockerRegistry(), startCraneRegistry()]);
    });
    after(() => Promise.all(Object.values(running).map((registry) => registry.stop())));

    for (const server of ["docker", "crane"]) {
        describe(`in ${server}'s registry`, () => {
            const at = (path: string) => `${running[server].address}/${path}`;

            it("comes back as it was pushed, under a digest that its content alone decides", async () => {
                const pushed = await client().pushArtifact(at("locks/shop"), lock, ["abc", "latest"]);
                const { annotations, ...plain } = lock;
                assert.deepEqual(await client().pullArtifact(at("locks/shop:abc")), {
                    ...plain,
                    mediaType: "application/vnd.example.lock.v1+json",
                    annotations,
                    descriptor: pushed,
                });
                assert.deepEqual(await client().resolve(at("locks/shop:latest")), pushed);

                const turned = { ...lock, annotations: { "org.example.a": "1", "org.example.b": "2" } };
                assert.deepEqual(await client().pushArtifact(at("locks/elsewhere"), turned, []), pushed);
                assert.deepEqual(await client().tags(at("locks/elsewhere")), []);
            });

            it("is a manifest of OCI 1.1 that crane knows too", async () => {
                const { digest } = await client().pushArtifact(at("locks/seen"), lock, ["abc"]);
                assert.equal((await crane("digest", at("locks/seen:abc"))).trim(), digest);
                assert.deepEqual(JSON.parse(await crane("manifest", at("locks/seen:abc"))), {
                    schemaVersion: 2,
                    mediaType: "application/vnd.oci.image.manifest.v1+json",
                    artifactType: "application/vnd.example.lock.v1+json",
                    config: {
                        mediaType: "application/vnd.oci.empty.v1+json",
                        digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                        size: 2,
                        data: "e30=",
                    },
                    layers: [
                        {
                            mediaType: "application/vnd.example.lock.v1+json",
                            digest: digestOf(lock.content),
                            size: 13,
                            data: "eyJpbWFnZXMiOnt9fQ==",
                        },
                    ],
                    annotations: { "org.example.a": "1", "org.example.b": "2" },
                });
                assert.equal(await crane("blob", at(`locks/seen@${digestOf(lock.content)}`)), '{"images":{}}');
            });

            it("may be empty, binary or large", async () => {
                const contents = [
                    Buffer.alloc(0),
                    Buffer.from("{}"),
                    Buffer.from([0, 255, 254, 10, 13]),
                    Buffer.alloc(3 << 20, "oneflow"),
                ];
                for (const [position, content] of contents.entries()) {
                    const mediaType = "application/octet-stream";
                    await client().pushArtifact(at("locks/odd"), { artifactType: lock.artifactType, mediaType, content }, [
                        `v${position}`,
                    ]);
                    const pulled = await client().pullArtifact(at(`locks/odd:v${position}`));
                    assert.deepEqual([pulled?.mediaType, pulled?.content.equals(content)], [mediaType, true]);
                }
            });

            it("is copied like an image", async () => {
                const { digest } = await client().pushArtifact(at("locks/first"), lock, ["abc"]);
                await client().copy({ repository: at("locks/first"), digest }, { repository: at("locks/second"), tags: ["abc"] });
                assert.deepEqual((await client().pullArtifact(at("locks/second:abc")))?.content, lock.content);
            });

            it("keeps its tag unless the tag is moved on purpose", async () => {
                const old = await client().pushArtifact(at("locks/once"), lock, ["v1"]);
                const other = { ...lock, content: Buffer.from('{"images":{"cart":{}}}') };
                await assert.rejects(client().pushArtifact(at("locks/once"), other, ["v2", "v1"]), (error: TagMoved) => {
                    assert.ok(error instanceof TagMoved);
                    assert.deepEqual([error.reference, error.current], [at("locks/once:v1"), old.digest]);
                    return true;
                });
                assert.deepEqual(await client().tags(at("locks/once")), ["v1"]);
                assert.deepEqual(await client().pushArtifact(at("locks/once"), lock, ["v1"]), old);

                const young = await client().pushArtifact(at("locks/once"), other, ["v2", "v1"], { move: true });
                assert.deepEqual(await client().resolve(at("locks/once:v1")), young);
            });
        });
    }

    it("that is not there is nothing", async () => {
        assert.equal(await client().pullArtifact(`${running.docker.address}/locks/absent:abc`), undefined);
    });

    it("is not what an image is", async () => {
        const repository = `${running.docker.address}/images/cart`;
        const [config, layer] = image("twice").blobs;
        const layers = [
            piece("application/vnd.oci.image.layer.v1.tar+gzip", layer),
            piece("application/vnd.oci.image.layer.v1.tar", config),
        ];
        const twice = {
            schemaVersion: 2,
            mediaType: ociManifest,
            config: piece("application/vnd.oci.image.config.v1+json", config),
            layers,
        };
        await push(repository, manifestOf(ociManifest, [config, layer], [], twice), "twice");
        await assert.rejects(
            client().pullArtifact(`${repository}:twice`),
            new RegistryError(
                `${repository}:twice is no artifact of one document: it is application/vnd.oci.image.manifest.v1+json with 2 layers`,
            ),
        );
    });

    it("whose content was damaged in the registry is refused, large or small", async () => {
        const large = { artifactType: lock.artifactType, content: Buffer.alloc(100_000, "a") };
        const { docker } = running;
        await client().pushArtifact(`${docker.address}/locks/damaged`, large, ["large"]);
        const proxy = await startProxy(docker.address, (_count, { url }) =>
            url?.includes("/blobs/") ? { answer: (body) => Buffer.from(body.toString().replace("a", "b")) } : undefined,
        );
        try {
            await assert.rejects(
                client().pullArtifact(`${proxy.address}/locks/damaged:large`),
                /is damaged: expected 100000 bytes/,
            );
        } finally {
            proxy.close();
        }

        const lying = JSON.parse((await client().manifest(`${docker.address}/locks/damaged:large`))!.bytes.toString());
        lying.layers[0].data = Buffer.from("not that").toString("base64");
        await push(`${docker.address}/locks/damaged`, manifestOf(ociManifest, [], [], lying), "small");
        await assert.rejects(
            client().pullArtifact(`${docker.address}/locks/damaged:small`),
            /the content inside its manifest is sha256:/,
        );
    });
});
