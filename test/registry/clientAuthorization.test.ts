import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { OciRegistry } from "../../core/registry/client";
import { anonymous, type Credentials, firstOf } from "../../core/registry/credentials";
import { type DockerConfig, dockerCredentials } from "../../core/registry/dockerConfig";
import { RegistryError, TagMoved } from "../../core/registry/model";
import { basicAuthorization, pushImage } from "../../sandbox/registry/push";
import { serveRegistry } from "../../sandbox/registry/server";
import { imageSaying, policy, World } from "./doubleWorld";
import { type RunningRegistry, startDockerRegistry } from "./servers";

/** bcrypt of `s3cret`. */
const hash = "$2b$04$SYfDNG1/a.AjThjegvaCGu09qLyk0TcmQPI5WcG0XpnoKEZgjeQZS";
const artifact = { artifactType: "application/vnd.example", content: Buffer.from("a document") };
const once = { attempts: 1 };

describe("a registry that asks who comes", () => {
    let basic: RunningRegistry;
    let world: World;
    let directory: string;
    const path = process.env.PATH;

    before(async function () {
        this.timeout(600_000);
        directory = await mkdtemp(join(tmpdir(), "docker-config-"));
        [basic, world] = await Promise.all([startDockerRegistry({ htpasswd: `builder:${hash}\n` }), World.start()]);
    });
    afterEach(() => (process.env.PATH = path));
    after(async () => {
        await Promise.all([basic.stop(), world.end(), rm(directory, { recursive: true })]);
    });

    /** What `docker login` leaves behind. */
    const configured = async (config: DockerConfig): Promise<Credentials> => {
        const folder = await mkdtemp(join(directory, "config-"));
        await writeFile(join(folder, "config.json"), JSON.stringify(config));
        return dockerCredentials(folder);
    };
    const as = (member: string): Credentials => ({
        for: () =>
            Promise.resolve({ source: `the token of ${member}`, username: "oauth2accesstoken", password: `token-of-${member}` }),
    });
    /** A credential helper on PATH that gives what it is told to give and notes what it was asked for. */
    const helper = async (name: string, script: string) => {
        const folder = join(directory, `bin-${name}`);
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
        await chmod(join(folder, `docker-credential-${name}`), 0o755);
        process.env.PATH = [folder, path].join(delimiter);
    };

    it("by Basic gets what docker login wrote, and is asked for it once", async () => {
        const auth = Buffer.from("builder:s3cret").toString("base64");
        const registry = new OciRegistry({ ...once, credentials: await configured({ auths: { [basic.address]: { auth } } }) });
        const { digest } = await registry.pushArtifact(`${basic.address}/shop/cart`, artifact, ["v1"]);
        assert.equal((await registry.resolve(`${basic.address}/shop/cart:v1`))?.digest, digest);
        const before = registry.requests;
        await registry.resolve(`${basic.address}/shop/cart:v1`);
        assert.equal(registry.requests - before, 1);
    });

    it("gets what the credential helper of its host says", async () => {
        await helper("shop", `read host; [ "$host" = "${basic.address}" ] && echo '{"Username":"builder","Secret":"s3cret"}'`);
        const credentials = await configured({ credHelpers: { [basic.address]: "shop" }, credsStore: "absent" });
        const registry = new OciRegistry({ ...once, credentials });
        await registry.pushArtifact(`${basic.address}/shop/helped`, artifact, ["v1"]);
        assert.deepEqual(await registry.tags(`${basic.address}/shop/helped`), ["v1"]);
    });

    it("and gets a wrong password refuses, in words that name where it came from and not what it is", async () => {
        const credentials = await configured({ auths: { [basic.address]: { username: "builder", password: "wr0ng" } } });
        await assert.rejects(
            new OciRegistry({ ...once, credentials }).tags(`${basic.address}/shop/cart`),
            (error: RegistryError) => {
                assert.equal(error.status, 401);
                assert.equal(error.code, "UNAUTHORIZED");
                assert.deepEqual(
                    error.message
                        .replaceAll(directory, "…")
                        .replace(/config-\w+/, "config")
                        .split("\n"),
                    [
                        `Cannot list the tags of ${basic.address}/shop/cart: ${basic.address} answered 401 UNAUTHORIZED: authentication required`,
                        "asked with …/config/config.json",
                        `→ docker login ${basic.address}, with an account that may pull shop/cart; a registry may also answer so where nothing is there`,
                    ],
                );
                return true;
            },
        );
    });

    it("by Bearer gives one token for a repository, which serves many requests", async () => {
        const repository = `${world.registry.address}/acme-dev/develop/cart`;
        const registry = new OciRegistry({ ...once, credentials: as("builder") });
        const { digest } = await registry.pushArtifact(repository, artifact, ["v1"]);
        const before = registry.requests;
        const answers = await Promise.all(Array.from({ length: 20 }, () => registry.resolve(`${repository}:v1`)));
        assert.deepEqual(new Set(answers.map((answer) => answer?.digest)), new Set([digest]));
        // The token to push, which is there already, also pulls.
        assert.equal(registry.requests - before, 20);
    });

    it("asks for the credential once, for however many repositories", async () => {
        for (const [address, username, password] of [
            [basic.address, "builder", "s3cret"],
            [world.registry.address, "oauth2accesstoken", "token-of-deployer"],
        ]) {
            let asked = 0;
            const credentials = { for: () => Promise.resolve((asked++, { source: "a helper", username, password })) };
            const registry = new OciRegistry({ ...once, credentials });
            const names = Array.from({ length: 16 }, (_, index) => `${address}/acme-dev/develop/service-${index}:v1`);
            await Promise.all(names.map((name) => registry.resolve(name)));
            assert.equal(asked, 1, address);
        }
    });

    it("asks for a token once when many come at the same time", async () => {
        const image = imageSaying("many");
        await pushImage(
            { address: world.registry.address, repository: "acme-dev/develop/many" },
            image,
            ["v1"],
            basicAuthorization("token-of-builder"),
        );
        const registry = new OciRegistry({ ...once, credentials: as("deployer") });
        await Promise.all(Array.from({ length: 16 }, () => registry.resolve(`${world.registry.address}/acme-dev/develop/many:v1`)));
        // All sixteen are refused once, one token is fetched, all sixteen are answered.
        assert.equal(registry.requests, 16 + 1 + 16);
    });

    it("gives a new token when it no longer knows the old one", async () => {
        const folder = await mkdtemp(join(directory, "forgetful-"));
        const before = await serveRegistry({ directory: folder, policy });
        const registry = new OciRegistry({ credentials: as("builder") });
        const { digest } = await registry.pushArtifact(`${before.address}/acme-dev/develop/cart`, artifact, ["v1"]);
        await before.close();
        // What seals tokens lives and dies with the server.
        const after = await serveRegistry({ directory: folder, port: Number(before.address.split(":")[1]), policy });
        try {
            assert.equal((await registry.resolve(`${after.address}/acme-dev/develop/cart:v1`))?.digest, digest);
        } finally {
            await after.close();
        }
    });

    it("lets a deployer copy from one repository into another by mount, where both are granted", async () => {
        const image = imageSaying("granted", ["linux/amd64", "linux/arm64"]);
        const source = "acme-dev/develop/granted";
        await pushImage(
            { address: world.registry.address, repository: source },
            image,
            ["abc"],
            basicAuthorization("token-of-builder"),
        );
        const registry = new OciRegistry({ ...once, credentials: as("deployer") });
        const to = { repository: `${world.registry.address}/acme-dev/stable/granted`, tags: ["abc"] };
        const report = await registry.copy({ repository: `${world.registry.address}/${source}`, digest: image.digest }, to);
        assert.deepEqual(report, { digest: image.digest, uploadedBytes: 0, mountedBlobs: image.blobs.size, unchanged: false });
        assert.equal((await registry.resolve(`${to.repository}:abc`))?.digest, image.digest);
    });

    it("lets blobs through to another registry, each with its own credential", async () => {
        const image = imageSaying("across", ["linux/amd64", "linux/arm64"]);
        const source = { address: world.registry.address, repository: "acme-dev/develop/across" };
        await pushImage(source, image, ["abc"], basicAuthorization("token-of-builder"));
        const docker = await configured({ auths: { [basic.address]: { username: "builder", password: "s3cret" } } });
        const registry = new OciRegistry({ ...once, credentials: firstOf(docker, as("deployer")) });
        const from = { repository: `${source.address}/${source.repository}`, digest: image.digest };
        const report = await registry.copy(from, { repository: `${basic.address}/across`, tags: ["abc"] });
        assert.equal(
            report.uploadedBytes,
            [...image.blobs.values()].reduce((sum, { length }) => sum + length, 0),
        );
        assert.equal((await registry.resolve(`${basic.address}/across:abc`))?.digest, image.digest);
    });

    it("and holds its tags immutable refuses to move one, even on purpose", async () => {
        const repository = `${world.registry.address}/acme-dev/stable/immutable`;
        const registry = new OciRegistry({ ...once, credentials: as("deployer") });
        const old = await registry.pushArtifact(repository, artifact, ["v1"]);
        const young = await registry.pushArtifact(repository, { ...artifact, content: Buffer.from("another") }, []);
        await assert.rejects(
            registry.tag(repository, young.digest, "v1", { move: true }),
            new TagMoved(`${repository}:v1`, old.digest, young.digest),
        );
        assert.equal((await registry.resolve(`${repository}:v1`))?.digest, old.digest);
    });

    it("and denies says what is missing and what to do", async () => {
        const repository = `${world.registry.address}/acme-dev/develop/denied`;
        const { address } = world.registry;
        await assert.rejects(
            new OciRegistry({ ...once, credentials: as("deployer") }).pushArtifact(repository, artifact, ["v1"]),
            (error: RegistryError) => {
                assert.equal(error.status, 403);
                const [said, used, next] = error.message.split("\n");
                assert.ok(said.startsWith(`Cannot `) && said.includes(`${address} answered 403`), said);
                assert.equal(used, "asked with the token of deployer");
                assert.equal(
                    next,
                    `→ docker login ${address}, with an account that may push acme-dev/develop/denied; a registry may also answer so where nothing is there`,
                );
                assert.ok(!error.message.includes("token-of-deployer"));
                return true;
            },
        );
        await assert.rejects(
            new OciRegistry({ ...once, credentials: anonymous }).resolve(`${repository}:v1`),
            (error: RegistryError) => {
                assert.ok(error.status === 401 || error.status === 403);
                assert.match(
                    error.message,
                    /no credential: neither docker's configuration nor Google's default credentials have one/,
                );
                return true;
            },
        );
    });
});
