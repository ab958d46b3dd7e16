import assert from "node:assert/strict";
import { Refusal } from "../../core/refusal";
import type { Digest } from "../../core/registry/reference";
import { lockArtifactType } from "../../core/release/lock";
import { releaseBundle } from "../../core/release/releaseDocument";
import { pullRelease, pushRelease } from "../../core/release/releaseStore";
import { MemoryRegistry } from "./memoryRegistry";
import { digest } from "./promotionExamples";
import { deploy, releaseOf } from "./releaseFixture";

const release = releaseOf();
const repository = `${deploy}/shop`;
const unreadable = `Release ${repository}:v1.4.0 cannot be read`;

describe("a release in the deploy registry", () => {
    it("stands under its tag and under its version, and comes back as it was pushed", async () => {
        const registry = new MemoryRegistry();
        const descriptor = await pushRelease(registry, release);
        assert.deepEqual(registry.contents(), [
            `${repository}:1.4.0 ${descriptor.digest}`,
            `${repository}:v1.4.0 ${descriptor.digest}`,
            `${repository}@${descriptor.digest}`,
        ]);
        assert.deepEqual(await pullRelease(registry, release, "1.4.0"), { release, bundle: releaseBundle(release), descriptor });
    });

    it("is put under the same digest by whoever makes it", async () => {
        const [first, second] = await Promise.all([1, 2].map(() => pushRelease(new MemoryRegistry(), release)));
        assert.deepEqual(first, second);
    });

    it("is left alone by the same release again", async () => {
        const registry = new MemoryRegistry();
        await pushRelease(registry, release);
        const before = registry.contents();
        await pushRelease(registry, release);
        assert.deepEqual(registry.contents(), before);
    });

    it("is never another one: the images that differ are told, and nothing is changed", async () => {
        const registry = new MemoryRegistry();
        const { digest: there } = await pushRelease(registry, release);
        const before = [registry.contents(), registry.blobs.size];
        const images = { ...release.lock.images, cart: { ...release.lock.images.cart, digest: digest("bad") } };
        await assert.rejects(
            pushRelease(registry, releaseOf({ lock: { ...release.lock, images } })),
            new Refusal("Release v1.4.0 refused, nothing was changed", [
                {
                    subject: "v1.4.0",
                    message:
                        `${repository}:v1.4.0 already means another release, ${there}, and a release is written once.\n` +
                        `cart is ${release.lock.images.cart.digest} there, ${digest("bad")} here`,
                    remedy: "release it under the next version",
                },
            ]),
        );
        assert.deepEqual([registry.contents(), registry.blobs.size], before);
    });

    it("is never another one of the same images either", async () => {
        const registry = new MemoryRegistry();
        await pushRelease(registry, release);
        await assert.rejects(
            pushRelease(registry, releaseOf({ target: { ...release.target, namespace: "shop" } })),
            /All images are the same: source, catalog or rendering differ\./,
        );
    });

    it("is completed by the same release where it broke off between its tags, and not read before", async () => {
        const registry = new MemoryRegistry();
        registry.beforePut = (call) => {
            if (call.endsWith(":1.4.0")) {
                throw new Error("the connection was cut");
            }
        };
        await assert.rejects(pushRelease(registry, release), new Error("the connection was cut"));
        const half = registry.meaning(`${repository}:v1.4.0`);
        await assert.rejects(
            pullRelease(registry, release, "1.4.0"),
            new Refusal(unreadable, [
                {
                    subject: "tags",
                    message:
                        `v1.4.0 means ${half}, 1.4.0 means nothing; expected one release under both: ` +
                        "it broke off, or somebody moved a tag.",
                    remedy: "npx oneflow release v1.4.0 --publish",
                },
            ]),
        );

        registry.beforePut = () => undefined;
        await pushRelease(registry, release);
        assert.deepEqual((await pullRelease(registry, release, "1.4.0"))?.release, release);
    });

    it("is nothing where it never was", async () => {
        assert.equal(await pullRelease(new MemoryRegistry(), release, "1.4.0"), undefined);
    });

    for (const [piece, index] of [
        ["chart", 0],
        ["lock", 1],
        ["kustomization", 2],
    ] as const) {
        it(`is refused where its ${piece} is missing, or is cut off`, async () => {
            const registry = new MemoryRegistry();
            const { digest: own } = await pushRelease(registry, release);
            const pieces = JSON.parse((await registry.manifest(`${repository}@${own}`))!.bytes.toString()).layers;
            const { digest: broken } = pieces[index] as { digest: Digest };
            const content = registry.blobs.get(broken)!;
            registry.blobs.set(broken, content.subarray(0, content.length - 1));
            await assert.rejects(
                pullRelease(registry, release, "1.4.0"),
                new Refusal(unreadable, [{ subject: "bytes", message: `${broken} is damaged.` }]),
            );
            registry.blobs.delete(broken);
            await assert.rejects(
                pullRelease(registry, release, "1.4.0"),
                new Refusal(unreadable, [{ subject: "bytes", message: `${broken} is missing.` }]),
            );
        });
    }

    it("is refused where somebody put its tags on another release", async () => {
        const registry = new MemoryRegistry();
        const { digest: other } = await pushRelease(registry, releaseOf({ version: "1.5.0" }));
        await registry.tag(repository, other, "v1.4.0");
        await registry.tag(repository, other, "1.4.0");
        await assert.rejects(
            pullRelease(registry, release, "1.4.0"),
            new Refusal(unreadable, [
                { subject: "version", message: "is 1.5.0, expected 1.4.0: somebody put the tag on another release." },
            ]),
        );
    });

    it("is refused where something else stands under its tags", async () => {
        const registry = new MemoryRegistry();
        const content = Buffer.from("{}");
        const layer = { mediaType: lockArtifactType, content };
        await registry.pushBundle(repository, { config: layer, layers: [layer] }, ["v1.4.0", "1.4.0"]);
        await assert.rejects(pullRelease(registry, release, "1.4.0"), (error: Refusal) => {
            assert.deepEqual(
                error.problems.map(({ subject }) => subject),
                ["config", "layers"],
            );
            return true;
        });
    });

    it("stands in lower case, whatever the project's name is, and is known by the name itself", async () => {
        const registry = new MemoryRegistry();
        const loud = releaseOf({ project: "Shop" });
        await pushRelease(registry, loud);
        assert.deepEqual((await pullRelease(registry, loud, "1.4.0"))?.release, loud);
        await assert.rejects(pullRelease(registry, release, "1.4.0"), /project +is Shop, expected shop/);
    });
});
