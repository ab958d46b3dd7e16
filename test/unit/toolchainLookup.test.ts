import assert from "node:assert/strict";
import { readdirSync, readlinkSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheFolder } from "../../sandbox/toolchain/cache";
import { table } from "../../sandbox/toolchain/command";
import { status, toolDirectory, toolPath, type ToolStatus } from "../../sandbox/toolchain/toolchain";
import { type ToolName, toolNames, tools } from "../../sandbox/toolchain/tools";
import { installProgram, temporaryFolders } from "./toolchainFixture";

describe("looking for a program", () => {
    const folder = temporaryFolders();
    const statusOf = async (name: ToolName, options: { cache?: string; searchPath: string }): Promise<ToolStatus> =>
        (await status({ cache: folder(), ...options })).find((tool) => tool.name === name)!;

    it("takes the user's own engine together with the language host beside it", async () => {
        const bin = folder();
        const pulumi = installProgram(bin, "pulumi", "v3.230.1");
        const host = installProgram(bin, "pulumi-language-nodejs", "");
        const options = { cache: folder(), searchPath: bin };
        assert.equal(await toolPath("pulumi", options), pulumi);
        assert.equal(await toolPath("pulumi-language-nodejs", options), host);
        const { from, version, path } = await statusOf("pulumi", options);
        assert.deepEqual({ from, version, path }, { from: "path", version: "v3.230.1", path: pulumi });
    });

    it("finds the language host where a link to the engine leads", async () => {
        const [bin, installation] = [folder(), folder()];
        symlinkSync(installProgram(installation, "pulumi", "v3.230.1"), join(bin, "pulumi"));
        const host = installProgram(installation, "pulumi-language-nodejs", "");
        assert.equal(await toolPath("pulumi-language-nodejs", { cache: folder(), searchPath: bin }), host);
    });

    it("passes over an engine that is too old, has no language host or does not run", async () => {
        const [old, alone, broken] = [folder(), folder(), folder()];
        installProgram(old, "pulumi", "v3.199.9");
        installProgram(alone, "pulumi", "v3.230.1");
        installProgram(broken, "pulumi", "cannot execute", 1);
        for (const bin of [old, broken]) installProgram(bin, "pulumi-language-nodejs", "");
        for (const bin of [old, alone, broken]) assert.equal((await statusOf("pulumi", { searchPath: bin })).from, "absent");
    });

    it("takes a registry from PATH, and its version from its last word", async () => {
        const bin = folder();
        const path = installProgram(bin, "docker-registry", "docker-registry github.com/docker/distribution 2.8.2+ds1");
        const { from, version } = await statusOf("docker-registry", { searchPath: ["relative", bin].join(delimiter) });
        assert.deepEqual({ from, version }, { from: "path", version: "2.8.2+ds1" });
        assert.equal(await toolPath("docker-registry", { cache: folder(), searchPath: bin }), path);
    });

    it("does not take its own links on PATH for the user's programs", async () => {
        const [cache, bin] = [folder(), folder()];
        const entry = join(cache, "docker-registry-debian-x");
        symlinkSync(installProgram(entry, "docker-registry", "docker-registry 2.8.2"), join(bin, "docker-registry"));
        assert.equal((await statusOf("docker-registry", { cache, searchPath: bin })).from, "absent");
    });

    it("lists what the cache holds with what making it took", async () => {
        const cache = folder();
        const entry = (await tools["docker-registry"].sources[0].cacheName())!;
        const path = installProgram(join(cache, entry), "docker-registry", "docker-registry 2.8.2");
        writeFileSync(join(cache, entry, "receipt.json"), JSON.stringify({ label: "Debian package", seconds: 4 }));
        const registry = await statusOf("docker-registry", { cache, searchPath: "" });
        assert.deepEqual(registry, {
            name: "docker-registry",
            from: "cache",
            path,
            bytes: 46,
            label: "Debian package",
            seconds: 4,
        });
        assert.match(table([registry]), /^docker-registry {4}cache \(Debian package, 4 s\) {2}0 MB {2}\//);
    });

    it("lists every program where there is none, with the command that makes it", async () => {
        const absent = await status({ cache: folder(), searchPath: "" });
        assert.deepEqual(
            absent.map(({ name, from }) => [name, from]),
            toolNames.map((name) => [name, "absent"]),
        );
        assert.match(table(absent), /^crane +v0\.21\.0 +absent +→ npx oneflow toolchain build crane$/m);
    });

    it("puts the script that dynamic resources need beside the engine", async () => {
        const bin = folder();
        const pulumi = installProgram(bin, "pulumi", "v3.230.1");
        installProgram(bin, "pulumi-language-nodejs", "");
        const cache = join(folder(), "not", "there", "yet");
        const links = await toolDirectory(["pulumi", "pulumi-language-nodejs"], { cache, searchPath: bin });
        assert.deepEqual(readdirSync(links).sort(), ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]);
        assert.equal(readlinkSync(join(links, "pulumi")), pulumi);
    });

    it("puts what the cache keeps apart into one folder as files, so that an engine finds its language host beside it", async () => {
        const cache = folder();
        const entry = (await tools["docker-registry"].sources[0].cacheName())!;
        const kept = installProgram(join(cache, entry), "docker-registry", "docker-registry 2.8.2");
        writeFileSync(join(cache, entry, "receipt.json"), JSON.stringify({ label: "Debian package", seconds: 4 }));
        const links = await toolDirectory(["docker-registry"], { cache, searchPath: "" });
        assert.equal(realpathSync(join(links, "docker-registry")), join(realpathSync(links), "docker-registry"));
        assert.equal(statSync(join(links, "docker-registry")).ino, statSync(kept).ino);
    });

    it("keeps programs where ONEFLOW_CACHE or XDG_CACHE_HOME says", () => {
        assert.equal(cacheFolder({ ONEFLOW_CACHE: "/a", XDG_CACHE_HOME: "/b" }), "/a/toolchain");
        assert.equal(cacheFolder({ ONEFLOW_CACHE: "", XDG_CACHE_HOME: "/b" }), "/b/oneflow/toolchain");
        assert.match(cacheFolder({}), /\/\.cache\/oneflow\/toolchain$/);
    });
});
