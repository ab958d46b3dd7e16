import assert from "node:assert/strict";
import { request } from "node:http";
import { RegistryFiles } from "../../sandbox/registry/files";
import { writeImage } from "../../sandbox/registry/images";
import { basicAuthorization, pushImage } from "../../sandbox/registry/push";
import { digestOf } from "../../sandbox/registry/storage";
import { imageSaying, World } from "./doubleWorld";

const token = (member: string) => basicAuthorization(`token-of-${member}`);
const manifestType = "application/vnd.oci.image.manifest.v1+json";

describe("What the registry double keeps", () => {
    let world: World;
    let files: RegistryFiles;
    const develop = "acme-dev/develop/greeter";
    const stable = "acme-dev/stable/greeter";
    const pushTo = (repository: string, member: string, text: string, tags: string[]) =>
        pushImage({ address: world.registry.address, repository }, imageSaying(text), tags, token(member));

    beforeEach(async () => {
        world = await World.start();
        files = new RegistryFiles(world.directory);
    });
    afterEach(() => world.end());

    it("outlives a restart, immutability and begun uploads included, but for tokens", async () => {
        const digest = await pushTo(stable, "deployer", "first", ["v1"]);
        const session = (await world.ask("builder", "POST", `/v2/${develop}/blobs/uploads/`)).headers.get("location")!;
        await world.ask("builder", "PATCH", session, { body: "half " });
        const { token: bearer } = (await (await world.ask("builder", "GET", "/v2/token")).json()) as { token: string };
        const before = await files.contentHash();
        await world.restart();

        assert.equal(await files.contentHash(), before);
        const head = await world.ask("deployer", "HEAD", `/v2/${stable}/manifests/v1`);
        assert.equal(head.headers.get("docker-content-digest"), digest);
        await assert.rejects(pushTo(stable, "deployer", "second", ["v1"]), /400 .*tag immutability/);
        const whole = `${session}?digest=${digestOf(Buffer.from("half whole"))}`;
        assert.equal((await world.ask("builder", "PUT", whole, { body: "whole" })).status, 201);
        assert.equal((await world.ask(undefined, "GET", "/v2/", { headers: { authorization: `Bearer ${bearer}` } })).status, 401);
    });

    it("takes many pushes of the same and of different images at once", async () => {
        const texts = Array.from({ length: 24 }, (_, index) => `image ${index % 8}`);
        const digests = await Promise.all(
            texts.map((text, index) => pushTo(`acme-dev/develop/service-${index % 3}`, "builder", text, [`t${index}`])),
        );
        assert.deepEqual(
            digests,
            texts.map((text) => imageSaying(text).digest),
        );
        assert.deepEqual(
            await Promise.all(texts.map((_, index) => files.digest(`acme-dev/develop/service-${index % 3}`, `t${index}`))),
            digests,
        );
        assert.deepEqual(await files.repositories(), [
            "acme-dev/develop/service-0",
            "acme-dev/develop/service-1",
            "acme-dev/develop/service-2",
        ]);
    });

    it("gives an immutable tag to one of many who want it at the same time", async () => {
        const images = Array.from({ length: 12 }, (_, index) => imageSaying(`contender ${index}`));
        await Promise.all(images.map((image) => writeImage(world.directory, stable, image)));
        const answers = await Promise.all(
            images.map(({ manifest }) =>
                world.ask("deployer", "PUT", `/v2/${stable}/manifests/v1`, {
                    body: manifest,
                    headers: { "content-type": manifestType },
                }),
            ),
        );
        const winners = images.filter((_, index) => answers[index].status === 201);
        assert.deepEqual(
            winners.map(({ digest }) => digest),
            [await files.digest(stable, "v1")],
        );
        assert.equal(answers.filter(({ status }) => status === 400).length, 11);
    });

    it("mixes no bytes of two who write one upload", async () => {
        const session = (await world.ask("builder", "POST", `/v2/${develop}/blobs/uploads/`)).headers.get("location")!;
        const slow = request(`http://${world.registry.address}${session}`, {
            method: "PATCH",
            headers: { authorization: token("builder"), "transfer-encoding": "chunked" },
        });
        const answered = new Promise<number>((resolve) =>
            slow.on("response", (response) => resolve(response.resume().statusCode!)),
        );
        slow.write("first ");
        let arrived: string | null = null;
        while (arrived !== "0-5") {
            arrived = (await world.ask("builder", "GET", session)).headers.get("range");
        }
        const second = await world.refusal("builder", "PATCH", session, { body: "other" });
        slow.end("then last");
        assert.equal(await answered, 202);
        assert.deepEqual([second.status, second.code], [409, "BLOB_UPLOAD_INVALID"]);
        const digest = digestOf(Buffer.from("first then last"));
        assert.equal((await world.ask("builder", "PUT", `${session}?digest=${digest}`)).status, 201);
    });

    it("shows nothing of an upload whose connection was cut", async () => {
        const bytes = Buffer.alloc(100_000, "x");
        const digest = digestOf(bytes);
        const cut = request(`http://${world.registry.address}/v2/${develop}/blobs/uploads/?digest=${digest}`, {
            method: "POST",
            headers: { authorization: token("builder"), "content-length": bytes.length },
        });
        cut.on("error", () => undefined);
        await new Promise<void>((resolve) => {
            world.registry.onRequest = () => resolve();
            cut.write(bytes.subarray(0, 50_000));
        });
        cut.destroy();
        assert.equal((await world.ask("builder", "HEAD", `/v2/${develop}/blobs/${digest}`)).status, 404);
        assert.equal(await world.upload("builder", develop, digest, bytes), 201);
        assert.equal(await files.blobSize(develop, digest), 100_000);
    });

    it("can be looked into without being served", async () => {
        const empty = await files.contentHash();
        assert.deepEqual([await files.repositories(), await files.tags(develop), await files.totalBytes()], [[], [], 0]);
        const image = imageSaying("hello");
        await writeImage(world.directory, develop, image, ["v1", "latest"]);
        assert.deepEqual(await files.repositories(), [develop]);
        assert.deepEqual(await files.tags(develop), ["latest", "v1"]);
        assert.equal(await files.digest(develop, "v1"), image.digest);
        assert.equal(await files.digest(develop, "v2"), undefined);
        assert.deepEqual(await files.manifest(develop, image.digest), {
            digest: image.digest,
            mediaType: manifestType,
            bytes: image.manifest,
        });
        const bytes = [...image.blobs.values(), image.manifest].reduce((sum, { length }) => sum + length, 0);
        const names = image.digest.length * 2 + manifestType.length;
        assert.equal(await files.totalBytes(), bytes + names);
        const full = await files.contentHash();
        assert.notEqual(full, empty);
        await writeImage(world.directory, develop, image, ["v1"]);
        assert.equal(await files.contentHash(), full);
        await writeImage(world.directory, develop, imageSaying("other"), ["latest"]);
        assert.notEqual(await files.contentHash(), full);
    });
});
