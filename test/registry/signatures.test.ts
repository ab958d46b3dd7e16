import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { OciRegistry } from "../../core/registry/client";
import { emptyConfig } from "../../core/registry/artifacts";
import { digestOf } from "../../core/registry/contents";
import { anonymous } from "../../core/registry/credentials";
import { ociIndex, ociManifest } from "../../core/registry/mediaTypes";
import { type Descriptor, RegistryError } from "../../core/registry/model";
import { signRelease } from "../../core/release/signRelease";
import { readSignatures } from "../../core/release/signatureStore";
import { pushRelease } from "../../core/release/releaseStore";
import { bundleType } from "../../core/signing/envelope";
import { openPolicy, serveRegistry, type RegistryServer } from "../../sandbox/registry/server";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { releaseOf } from "../unit/releaseFixture";
import { LocalKey, provenance } from "../unit/signingFixture";
import { startProxy } from "./clientProxy";
import { type RunningRegistry, startCraneRegistry, startDockerRegistry } from "./servers";

const run = promisify(execFile);

/** Registries that list what is about a manifest themselves, and one from before OCI 1.1, where the client keeps an index. */
describe("A release's signature", () => {
    const addresses: Record<string, string> = {};
    const running: RunningRegistry[] = [];
    let own: RegistryServer;
    let folder: string;
    const registry = new OciRegistry({ credentials: anonymous });
    const key = new LocalKey();
    const accepted = [key.public];

    before(async function () {
        this.timeout(600_000);
        folder = await mkdtemp(join(tmpdir(), "signatures-"));
        const [docker, crane] = await Promise.all([startDockerRegistry(), startCraneRegistry()]);
        running.push(docker, crane);
        // As deploy is: no tag moves.
        const repository = (path: string) => ({ ...openPolicy.repository(path)!, immutableTags: true });
        own = await serveRegistry({
            directory: join(folder, "own"),
            policy: { ...openPolicy, repository, denied: () => undefined },
        });
        Object.assign(addresses, { docker: docker.address, crane: crane.address, own: own.address });
    });
    after(async () => {
        await Promise.all([own.close(), ...running.map((each) => each.stop())]);
        await rm(folder, { recursive: true });
    });

    const crane = async (...args: string[]) => (await run(await toolPath("crane"), [...args, "--insecure"])).stdout.trim();
    const pushed = async (server: string, version: string) => {
        const release = releaseOf({ deploy: `${addresses[server]}/deploy`, version });
        return { release, repository: `${release.deploy}/shop`, descriptor: await pushRelease(registry, release) };
    };

    for (const server of ["docker", "crane", "own"]) {
        it(`is found beside the release in ${server}'s registry, once, and crane reads it`, async () => {
            const { release, repository, descriptor } = await pushed(server, "1.4.0");
            const statement = provenance(descriptor.digest);
            assert.deepEqual(await readSignatures(registry, release, descriptor.digest, accepted), { rejected: [] });
            const by = await signRelease(registry, release, descriptor, statement, { key, accepted });
            assert.equal(by, key.public.fingerprint);
            assert.equal(await signRelease(registry, release, descriptor, statement, { key, accepted }), by);
            assert.deepEqual(await readSignatures(registry, release, descriptor.digest, accepted), { by, rejected: [] });

            const [found, ...more] = await registry.referrers(repository, descriptor.digest, bundleType);
            assert.equal(more.length, 0);
            const manifest = JSON.parse(await crane("manifest", `${repository}@${found.digest}`));
            assert.deepEqual(manifest.subject, {
                mediaType: descriptor.mediaType,
                digest: descriptor.digest,
                size: descriptor.size,
            });
            assert.equal(manifest.artifactType, "application/vnd.dev.sigstore.bundle.v0.3+json");
            const bundle = JSON.parse(await crane("blob", `${repository}@${manifest.layers[0].digest}`));
            const payload = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());
            assert.deepEqual(payload, JSON.parse(JSON.stringify(statement)));
        });

        it(`is found among others in ${server}'s registry`, async () => {
            const { release, repository, descriptor } = await pushed(server, "1.5.0");
            const note = (content: string, artifactType: string) =>
                registry.attach(repository, descriptor, { artifactType, content: Buffer.from(content) });
            await note("{}", "application/vnd.example.sbom+json");
            const former = new LocalKey();
            const statement = provenance(descriptor.digest);
            await note(former.statement(statement).toString(), bundleType);
            await signRelease(registry, release, descriptor, statement, { key, accepted });
            assert.deepEqual((await readSignatures(registry, release, descriptor.digest, accepted)).by, key.public.fingerprint);
            assert.equal((await registry.referrers(repository, descriptor.digest, bundleType)).length, 2);
            assert.equal((await registry.referrers(repository, descriptor.digest, "application/vnd.example.sbom+json")).length, 1);
        });
    }

    it("stands in an index under a tag of its own where the registry lists nothing", async () => {
        const { release, repository, descriptor } = await pushed("docker", "1.6.0");
        const tag = `${repository}:${descriptor.digest.replace(":", "-")}`;
        assert.equal(await registry.resolve(tag), undefined);
        await signRelease(registry, release, descriptor, provenance(descriptor.digest), { key, accepted });
        const index = JSON.parse(await crane("manifest", tag));
        const [found] = await registry.referrers(repository, descriptor.digest, bundleType);
        assert.deepEqual(index, {
            schemaVersion: 2,
            mediaType: "application/vnd.oci.image.index.v1+json",
            manifests: [
                {
                    ...found,
                    artifactType: bundleType,
                    annotations: {
                        "dev.sigstore.bundle.content": "dsse-envelope",
                        "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1",
                    },
                },
            ],
        });
    });

    it("is one of several in that index, which keeps what others wrote", async () => {
        const { repository, descriptor } = await pushed("docker", "1.7.0");
        const added: Descriptor[] = [];
        for (const content of ["a", "b", "b"]) {
            const artifact = { artifactType: "application/vnd.example", content: Buffer.from(content) };
            added.push(await registry.attach(repository, descriptor, artifact));
        }
        assert.deepEqual(await registry.referrers(repository, descriptor.digest, "application/vnd.example"), added.slice(0, 2));
    });

    it("is the only one that such a registry takes where its tags do not move", async () => {
        const proxy = await startProxy(addresses.own, (_, { url = "" }) =>
            url.includes("/referrers/") ? { status: 404, body: "404 page not found" } : undefined,
        );
        addresses.old = proxy.address;
        const { release, repository, descriptor } = await pushed("old", "2.0.0");
        const statement = provenance(descriptor.digest);
        const former = new LocalKey();
        await signRelease(registry, release, descriptor, statement, { key: former, accepted: [former.public] });
        assert.equal((await readSignatures(registry, release, descriptor.digest, [former.public])).by, former.public.fingerprint);
        await assert.rejects(
            signRelease(registry, release, descriptor, statement, { key, accepted }),
            new RegistryError(
                `${repository}:${descriptor.digest.replace(":", "-")} lists what is about a manifest already, and ${repository} lets no tag move:\n` +
                    "nothing can be added there. A registry that lists such manifests itself, as OCI 1.1 has it, takes any number.",
            ),
        );
        proxy.close();
    });

    it("is told by its manifest where the registry lists no types", async () => {
        const { release, repository, descriptor } = await pushed("own", "2.1.0");
        await registry.attach(repository, descriptor, { artifactType: "application/vnd.example", content: Buffer.from("{}") });
        await signRelease(registry, release, descriptor, provenance(descriptor.digest), { key, accepted });
        const proxy = await startProxy(addresses.own, (_, { url = "" }) =>
            url.includes("/referrers/") ? { answer: withoutTypes } : undefined,
        );
        const found = await registry.referrers(`${proxy.address}/deploy/shop`, descriptor.digest, bundleType);
        assert.deepEqual(found, await registry.referrers(repository, descriptor.digest, bundleType));
        assert.equal(found.length, 1);
        proxy.close();
    });

    it("is looked for on every page of a long list", async () => {
        const entry = (digit: string) => ({
            mediaType: ociManifest,
            digest: `sha256:${digit.repeat(64)}`,
            size: 2,
            artifactType: bundleType,
        });
        const page = (digit: string) => JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [entry(digit)] });
        const proxy = await startProxy(addresses.own, (count) =>
            count === 1
                ? { status: 200, headers: { link: '</v2/deploy/shop/referrers/next>; rel="next"' }, body: page("1") }
                : { status: 200, body: page("2") },
        );
        const found = await registry.referrers(`${proxy.address}/deploy/shop`, `sha256:${"5".repeat(64)}`, bundleType);
        assert.deepEqual(
            found.map(({ digest }) => digest),
            [entry("1").digest, entry("2").digest],
        );
        assert.deepEqual(proxy.seen, [
            `GET /v2/deploy/shop/referrers/sha256:${"5".repeat(64)}`,
            "GET /v2/deploy/shop/referrers/next",
        ]);
        proxy.close();
    });

    it("is none where something else stands under that tag", async () => {
        const { repository, descriptor } = await pushed("docker", "1.8.0");
        await registry.tag(repository, descriptor.digest, descriptor.digest.replace(":", "-"));
        await assert.rejects(registry.referrers(repository, descriptor.digest, bundleType), (error: RegistryError) =>
            error.message.includes(
                "is application/vnd.oci.image.manifest.v1+json, expected the application/vnd.oci.image.index.v1+json",
            ),
        );
    });

    it("that is no document is told as damaged, and hides no other", async () => {
        const { release, repository, descriptor } = await pushed("own", "1.9.0");
        await registry.attach(repository, descriptor, { artifactType: bundleType, content: Buffer.from("{}") });
        await putBesides(repository, descriptor, { artifactType: bundleType, layers: [] });
        const { by, rejected } = await readSignatures(registry, release, descriptor.digest, accepted);
        assert.equal(by, undefined);
        assert.deepEqual(rejected.map((one) => one.why === "damaged" && one.detail.split(":")[0]).sort(), [
            "cannot be read",
            "is no bundle of a signed document and a key",
        ]);
        await signRelease(registry, release, descriptor, provenance(descriptor.digest), { key, accepted });
        assert.equal((await readSignatures(registry, release, descriptor.digest, accepted)).by, key.public.fingerprint);
    });

    /** What a registry lists, without the types of it. */
    function withoutTypes(body: Buffer, headers: Record<string, unknown>): Buffer {
        const { manifests, ...index } = JSON.parse(body.toString()) as { manifests: object[] };
        const untyped = manifests.map((entry) => ({ ...entry, artifactType: undefined }));
        const bytes = Buffer.from(JSON.stringify({ ...index, manifests: untyped }));
        headers["content-length"] = bytes.length;
        return bytes;
    }

    /** A manifest of any form about another, as whoever may write can put it. */
    async function putBesides(repository: string, { mediaType, digest, size }: Descriptor, fields: object): Promise<void> {
        const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(emptyConfig), size: emptyConfig.length };
        const subject = { mediaType, digest, size };
        const body = JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, subject, ...fields });
        const [host, ...path] = repository.split("/");
        const address = `http://${host}/v2/${path.join("/")}/manifests/${digestOf(Buffer.from(body))}`;
        const { status } = await fetch(address, { method: "PUT", headers: { "content-type": ociManifest }, body });
        assert.equal(status, 201);
    }
});
