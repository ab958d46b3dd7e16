import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OciRegistry } from "../../core/registry/client";
import { type Buildkit, startBuildkit } from "../../sandbox/docker/buildkit";
import { type DockerDaemon, DockerMissing, openDocker } from "../../sandbox/docker/daemon";
import { buildOnRunner, type RunnerBuild } from "../../sandbox/github/imageBuild";
import { basicAuthorization } from "../../sandbox/registry/push";
import { run } from "../../sandbox/toolchain/run";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { openPolicy, type RegistryPolicy, type RegistryServer, serveRegistry } from "../../sandbox/registry/server";

const policy: RegistryPolicy = {
    ...openPolicy,
    authenticate: (_, password) => (password === "builder-token" ? "user:builder@acme.example" : undefined),
    denied: (member) => (member === undefined ? "artifactregistry.repositories.downloadArtifacts" : undefined),
};

describe("A workflow's build of an image", function () {
    this.timeout(120_000);
    let folder: string;
    let registry: RegistryServer;
    const configured = process.env.DOCKER_CONFIG;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "oneflow-build-"));
        registry = await serveRegistry({ directory: join(folder, "registry"), policy });
        const auth = Buffer.from("oauth2accesstoken:builder-token").toString("base64");
        writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [registry.address]: { auth } } }));
        process.env.DOCKER_CONFIG = folder;
        mkdirSync(join(folder, "src", "cart"), { recursive: true });
        const dockerfile = ["FROM scratch", "ARG GREETING", "ENV GREETING=$GREETING", "COPY app /app", 'ENTRYPOINT ["/app"]', ""];
        writeFileSync(join(folder, "src", "cart", "Dockerfile"), dockerfile.join("\n"));
        writeFileSync(join(folder, "src", "cart", "app"), "#!/bin/sh\n");
        chmodSync(join(folder, "src", "cart", "app"), 0o755);
    });
    after(async () => {
        if (configured === undefined) delete process.env.DOCKER_CONFIG;
        else process.env.DOCKER_CONFIG = configured;
        await registry.close();
        rmSync(folder, { recursive: true, force: true });
    });

    const asked = (more: Partial<RunnerBuild> = {}): RunnerBuild => ({
        workspace: folder,
        context: "src/cart",
        dockerfile: "src/cart/Dockerfile",
        args: { GREETING: "hello" },
        contexts: {},
        platforms: ["linux/amd64"],
        output: { type: "image", name: `${registry.address}/acme-dev/develop/cart`, push: "true" },
        ...more,
    });

    /** What an image runs, by what the registry has of it. */
    async function configuration(digest: string): Promise<unknown> {
        const name = `${registry.address}/acme-dev/develop/cart`;
        const client = new OciRegistry();
        const manifest = async (of: string) => JSON.parse((await client.manifest(`${name}@${of}`))!.bytes.toString()) as Document;
        const top = await manifest(digest);
        const { config } = top.manifests ? await manifest(top.manifests[0].digest) : top;
        const blob = `http://${registry.address}/v2/acme-dev/develop/cart/blobs/${config!.digest}`;
        const response = await fetch(blob, { headers: { authorization: basicAuthorization("builder-token") } });
        const { config: runs } = (await response.json()) as { config: { Entrypoint: string[]; Env: string[] } };
        return { entrypoint: runs.Entrypoint, env: runs.Env.filter((one) => one.startsWith("GREETING")) };
    }
    interface Document {
        manifests?: { digest: string }[];
        config?: { digest: string };
    }
    const expected = { entrypoint: ["/app"], env: ["GREETING=hello"] };

    it("takes the working tree, and pushes by digest what gives the same bytes again", async () => {
        const digest = await buildOnRunner(asked());
        assert.deepEqual(await configuration(digest!), expected);
        assert.equal(await buildOnRunner(asked()), digest);
    });

    it("is thrown away where nothing is to be pushed", async () => {
        assert.equal(await buildOnRunner(asked({ output: {} })), undefined);
    });

    it("is a real one where the runner has a Docker daemon", async function () {
        let docker: DockerDaemon;
        try {
            docker = await openDocker();
        } catch (error) {
            if (!(error instanceof DockerMissing)) throw error;
            console.log(`        ${error.message}`);
            return this.skip();
        }
        try {
            const buildx = await toolPath("buildx");
            let told = "";
            const tell = (text: string) => void (told += text);
            const build = asked({ builder: { dockerHost: docker.host }, buildx, tell });
            const digest = await buildOnRunner(build);
            assert.deepEqual(await configuration(digest!), expected);
            assert.deepEqual(
                told
                    .split("\n")
                    .filter((line) => line.startsWith("Left out: "))
                    .map((line) => line.replace(/build-[-0-9a-f]+/, "build-…")),
                [
                    "Left out: the bill of materials, whose scanner is an image from the internet.",
                    "Left out: provenance, which the daemon's driver does not attest.",
                    `Left out: pushing by digest. ${registry.address}/acme-dev/develop/cart:build-… is pushed, and its digest is told.`,
                ],
            );
            await assert.rejects(
                buildOnRunner({ ...build, dockerfile: "src/cart/None" }),
                /^DockerError: failed to build: .*\/None: no such file/,
            );
            await assert.rejects(
                buildOnRunner({ ...build, platforms: ["linux/amd64", "linux/arm64"] }),
                /builds one platform at a time/,
            );
        } finally {
            await docker.stop();
        }
    });

    it("is the very one that is asked for where the runner has a BuildKit, further folders and provenance with it", async function () {
        const buildx = await toolPath("buildx");
        let buildkit: Buildkit;
        try {
            buildkit = await startBuildkit();
        } catch (error) {
            if (!(error instanceof DockerMissing)) throw error;
            console.log(`        ${error.message}`);
            return this.skip();
        }
        try {
            await run(buildx, ["create", "--use", "--driver=remote", buildkit.host]);
            mkdirSync(join(folder, "libs", "Money"), { recursive: true });
            writeFileSync(join(folder, "libs", "Money", "rates"), "1 EUR\n");
            const dockerfile = [
                "FROM scratch",
                "ARG GREETING",
                "ENV GREETING=$GREETING",
                "COPY --from=libs/money rates /",
                "COPY app /app",
            ];
            writeFileSync(join(folder, "src", "cart", "Dockerfile.money"), [...dockerfile, 'ENTRYPOINT ["/app"]', ""].join("\n"));
            const name = `${registry.address}/acme-dev/develop/cart`;
            const tags = await tagsOf();
            const build = asked({
                builder: "buildkit",
                tell: () => {},
                buildx,
                dockerfile: "src/cart/Dockerfile.money",
                contexts: { "libs/money": "./libs/Money" },
                platforms: ["linux/amd64", "linux/arm64"],
                output: { type: "image", name, "push-by-digest": "true", "name-canonical": "true", push: "true" },
                provenance: "mode=max",
            });
            const digest = await buildOnRunner(build);
            assert.deepEqual(await configuration(digest!), expected);
            assert.deepEqual(await tagsOf(), tags);
            const index = JSON.parse((await new OciRegistry().manifest(`${name}@${digest}`))!.bytes.toString()) as Index;
            assert.deepEqual(
                index.manifests.map(({ platform, annotations }) => [
                    platform.architecture,
                    annotations?.["vnd.docker.reference.type"],
                ]),
                [
                    ["amd64", undefined],
                    ["arm64", undefined],
                    ["unknown", "attestation-manifest"],
                    ["unknown", "attestation-manifest"],
                ],
            );
            writeFileSync(join(folder, "libs", "Money", "rates"), "2 EUR\n");
            assert.notEqual(await buildOnRunner(build), digest);
        } finally {
            await buildkit.stop();
        }
    });
    interface Index {
        manifests: { platform: { architecture: string }; annotations?: Record<string, string> }[];
    }

    async function tagsOf(): Promise<string[]> {
        const url = `http://${registry.address}/v2/acme-dev/develop/cart/tags/list`;
        const response = await fetch(url, { headers: { authorization: basicAuthorization("builder-token") } });
        return ((await response.json()) as { tags: string[] }).tags;
    }
});
