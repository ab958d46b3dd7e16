import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Refusal } from "../../core/refusal";
import { OciRegistry } from "../../core/registry/client";
import { anonymous } from "../../core/registry/credentials";
import { RegistryError } from "../../core/registry/model";
import { unpackArchive } from "../../core/release/archive";
import { parseLock, serializeLock } from "../../core/release/lockDocument";
import type { Release } from "../../core/release/release";
import { releaseObjects } from "../../core/release/releaseObjects";
import { pullRelease, pushRelease } from "../../core/release/releaseStore";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { objectsIn, releaseOf, withEntries } from "../unit/releaseFixture";
import { index, push } from "./clientImages";
import { type RunningRegistry, startCraneRegistry, startDockerRegistry } from "./servers";

const run = promisify(execFile);

/** What users write that Helm could take for its own, or YAML for something else. U+0085 is not among it: kustomize itself loses it. */
const words = {
    GREETING: "Hello {{ .Values.registry }} {{ fail `no` }} {{- /* }}",
    LINES: "one\n---\ntwo: {{\n\n",
    NUMBER: "0644",
    SWITCH: "no",
    UNICODE: "\u2028 😀 \u00e9 }}",
};

describe("a release that was pushed", () => {
    const running: Record<string, RunningRegistry> = {};
    let folder: string;
    let tools: Record<"helm" | "kubectl" | "kustomize", string>;
    const registry = new OciRegistry({ credentials: anonymous });

    before(async function () {
        this.timeout(600_000);
        [running.docker, running.crane] = await Promise.all([startDockerRegistry(), startCraneRegistry()]);
        const names = ["helm", "kubectl", "kustomize"] as const;
        const [helm, kubectl, kustomize] = await Promise.all(names.map((name) => toolPath(name)));
        tools = { helm, kubectl, kustomize };
        folder = await mkdtemp(join(tmpdir(), "release-"));
    });
    after(async () => {
        await Promise.all(Object.values(running).map((each) => each.stop()));
        await rm(folder, { recursive: true });
    });

    const releaseIn = (server: string, changes: Partial<Release> = {}) =>
        withEntries(releaseOf({ deploy: `${running[server].address}/deploy`, ...changes }), {
            checkout: { env: words, files: { "/etc/words": words.LINES }, replicas: 2 },
        });
    const helm = async (...args: string[]) => {
        const homes = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
        return (await run(tools.helm, args, { env: { ...homes, PATH: "" } })).stdout;
    };
    // As the lock's bytes have it: there the keys of `env` are sorted.
    const rendered = (release: Release) =>
        byName([...releaseObjects({ ...release, lock: parseLock(serializeLock(release.lock)) }).values()].flat());

    for (const server of ["docker", "crane"]) {
        describe(`to ${server}'s registry`, () => {
            it("comes back whole, and is never another one", async () => {
                const release = releaseIn(server, { version: "1.4.1" });
                const descriptor = await pushRelease(registry, release);
                assert.deepEqual(await pushRelease(registry, release), descriptor);
                const pulled = await pullRelease(registry, release, "1.4.1");
                assert.deepEqual(pulled?.release, release);
                assert.deepEqual(pulled?.descriptor, descriptor);
                const other = { ...release, target: { ...release.target, namespace: "shop" } };
                await assert.rejects(pushRelease(registry, other), /already means another release/);
            });

            it("is a chart that helm takes by version, and renders to the objects of the program", async () => {
                const release = releaseIn(server);
                await pushRelease(registry, release);
                const chart = `oci://${release.deploy}/shop`;
                const text = await helm("template", "shop", chart, "--version", "1.4.0", "--plain-http", "-n", "shop-prod");
                assert.deepEqual(byName(objectsIn(withoutSources(text))), rendered(release));
            });

            it("goes to another namespace and registry where helm is told so, and to no other difference", async () => {
                const release = releaseIn(server, { version: "1.5.0-rc.1" });
                await pushRelease(registry, release);
                const chart = [`oci://${release.deploy}/shop`, "--version", "1.5.0-rc.1", "--plain-http"];
                const mirror = "registry.example:5000/mirrors/shop";
                const set = ["--set", `registry=${mirror}`, "--set", "namespace=elsewhere"];
                const moved = { ...release, deploy: mirror, target: { ...release.target, namespace: "elsewhere" } };
                assert.deepEqual(
                    byName(objectsIn(withoutSources(await helm("template", "shop", ...chart, ...set)))),
                    rendered(moved),
                );
                await assert.rejects(helm("template", "shop", ...chart, "--set", "replicas=5"), /additional properties 'replicas'/);
            });

            it("holds a kustomization that kubectl and kustomize build to the objects of the program", async () => {
                const release = releaseIn(server, { version: "1.6.0" });
                await pushRelease(registry, release);
                const pulled = await pullRelease(registry, release, "1.6.0");
                const own = join(folder, server);
                await mkdir(join(own, "services"), { recursive: true });
                for (const [file, text] of unpackArchive(pulled!.bundle.layers[2].content)) {
                    await writeFile(join(own, file), text);
                }
                for (const built of [run(tools.kubectl, ["kustomize", own]), run(tools.kustomize, ["build", own])]) {
                    assert.deepEqual(byName(objectsIn((await built).stdout)), rendered(release));
                }
            });
        });
    }

    it("is refused where an image of several platforms stands under its tags", async () => {
        const release = releaseIn("crane", { version: "1.9.0" });
        const repository = `${release.deploy}/shop`;
        const image = index("shop");
        await push(repository, image, "v1.9.0");
        await push(repository, image, "1.9.0");
        const message = `${repository}@${image.digest} is no bundle of documents: it is application/vnd.oci.image.index.v1+json.`;
        await assert.rejects(
            pullRelease(registry, release, "1.9.0"),
            new Refusal(`Release ${repository}:v1.9.0 cannot be read`, [{ subject: "bytes", message }]),
        );
    });

    it("is no artifact of one document, and an artifact is no release", async () => {
        const release = releaseIn("crane", { version: "1.7.0" });
        await pushRelease(registry, release);
        await assert.rejects(registry.pullArtifact(`${release.deploy}/shop:v1.7.0`), RegistryError);
        const lock = { artifactType: "application/vnd.example+json", content: Buffer.from("{}") };
        await registry.pushArtifact(`${release.deploy}/shop`, lock, ["v1.8.0", "1.8.0"]);
        await assert.rejects(pullRelease(registry, release, "1.8.0"), /config +is "application\/vnd\.oci\.empty\.v1\+json"/);
    });
});

/** Helm says above each document which file it is of. */
function withoutSources(text: string): string {
    return text.replaceAll(/^# Source: .*\n/gm, "");
}

function byName(objects: readonly object[]): object[] {
    const named = objects as readonly { kind: string; metadata: { name: string } }[];
    const name = ({ kind, metadata }: (typeof named)[number]) => `${kind} ${metadata.name}`;
    return [...named].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
