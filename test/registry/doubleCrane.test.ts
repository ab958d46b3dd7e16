import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { RegistryFiles } from "../../sandbox/registry/files";
import { pushImage, basicAuthorization } from "../../sandbox/registry/push";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { imageSaying, World } from "./doubleWorld";

describe("The registry double under crane", function () {
    this.timeout(60_000);
    let world: World;
    let program: string;
    const image = imageSaying("hello", ["linux/amd64", "linux/arm64"]);
    const single = imageSaying("single");
    const at = (path: string) => `${world.registry.address}/acme-dev/${path}`;

    /** Runs crane with the docker config of a member, or with an empty one. */
    async function crane(member: string | undefined, ...args: string[]): Promise<string> {
        const config = join(world.scratch, `docker-of-${member}`);
        await mkdir(config, { recursive: true });
        const auth = Buffer.from(`oauth2accesstoken:token-of-${member}`).toString("base64");
        const auths = member ? { [world.registry.address]: { auth } } : {};
        await writeFile(join(config, "config.json"), JSON.stringify({ auths }));
        const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, DOCKER_CONFIG: config } });
        return stdout.trim();
    }
    const said = (member: string | undefined, ...args: string[]) =>
        crane(member, ...args).then(
            () => assert.fail(`crane ${args.join(" ")} was not refused`),
            (error: { stderr: string }) => error.stderr,
        );

    before(async function () {
        // Where the machine has no crane yet, it is built once.
        this.timeout(600_000);
        program = await toolPath("crane");
        world = await World.start();
        const push = (pushed: typeof image, tag: string) =>
            pushImage(
                { address: world.registry.address, repository: "acme-dev/develop/greeter" },
                pushed,
                [tag],
                basicAuthorization("token-of-builder"),
            );
        await push(image, "v1");
        await push(single, "v2");
    });
    after(() => world.end());

    it("reads what was pushed: tags, digests, manifests, and every layer of every platform", async () => {
        assert.equal(await crane("deployer", "ls", at("develop/greeter")), "v1\nv2");
        assert.equal(await crane("deployer", "digest", at("develop/greeter:v1")), image.digest);
        assert.equal(await crane("deployer", "manifest", at("develop/greeter:v1")), image.manifest.toString());
        assert.match(await crane("deployer", "validate", "--remote", at("develop/greeter:v1")), /^PASS/);
        assert.equal(JSON.parse(await crane("deployer", "config", at("develop/greeter:v2"))).config.Entrypoint[0], "/app/word");
    });

    it("pulls and pushes back the same digest", async () => {
        const layout = join(world.scratch, "layout");
        await crane("builder", "pull", "--format=oci", at("develop/greeter:v2"), layout);
        assert.equal(
            await crane("builder", "push", layout, at("develop/returned:v2")),
            `${at("develop/returned")}@${single.digest}`,
        );
        const tags = await new RegistryFiles(world.directory).tags("acme-dev/develop/returned");
        assert.deepEqual(tags, ["v2"]);
    });

    it("copies by digest into another tier, once", async () => {
        await crane("deployer", "copy", at(`develop/greeter@${image.digest}`), at("stable/greeter:v1"));
        assert.equal(await crane("deployer", "digest", at("stable/greeter:v1")), image.digest);
        assert.match(await crane("deployer", "validate", "--remote", at("stable/greeter:v1")), /^PASS/);
        const message = await said("deployer", "copy", at("develop/greeter:v2"), at("stable/greeter:v1"));
        assert.match(message, /MANIFEST_INVALID: cannot update tag v1\. The repository has enabled tag immutability/);
        assert.equal(await crane("deployer", "digest", at("stable/greeter:v1")), image.digest);
    });

    it("is refused what its user may not do, in the registry's words", async () => {
        assert.match(
            await said("deployer", "copy", at("develop/greeter:v1"), at("develop/greeter:v3")),
            /DENIED: Permission "artifactregistry\.repositories\.uploadArtifacts" denied on resource/,
        );
        assert.match(await said("builder", "digest", at("nothing/greeter:v1")), /404|NAME_UNKNOWN/);
        assert.match(await said(undefined, "manifest", at("develop/greeter:v1")), /UNAUTHORIZED/);
    });

    it("pulls what is everybody's without credentials", async () => {
        await crane("builder", "copy", at("develop/greeter:v1"), at("catalog/greeter:v1"));
        assert.equal(await crane(undefined, "digest", at("catalog/greeter:v1")), image.digest);
        assert.match(await crane(undefined, "validate", "--remote", at("catalog/greeter:v1")), /^PASS/);
    });
});
