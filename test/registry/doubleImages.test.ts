import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { gunzipSync } from "node:zlib";
import { gzip, tar } from "../../sandbox/registry/archive";
import { buildImage, type ImageSource } from "../../sandbox/registry/images";
import { digestOf } from "../../sandbox/registry/storage";

const source: ImageSource = {
    files: { "/app/server": { content: "#!/bin/sh\n", mode: 0o755 }, "etc/motd": { content: "hello" } },
    config: {
        entrypoint: ["/app/server"],
        cmd: ["--port=8080"],
        env: { B: "2", A: "1" },
        user: "65532:65532",
        labels: { "dev.oneflow.sandbox.behaviour": "crash" },
        exposedPorts: ["8080/tcp"],
        workingDir: "/app",
    },
};

describe("Images built without a tool", () => {
    it("have the same digest whenever and wherever they are built, for ever", () => {
        const reordered = {
            ...source,
            files: { "etc/motd": source.files["etc/motd"], "app/server": source.files["/app/server"] },
            config: { ...source.config, env: { A: "1", B: "2" } },
        };
        const { digest } = buildImage(source);
        assert.equal(buildImage(reordered).digest, digest);
        assert.equal(digest, "sha256:d9fe8cd7bfc6a360c02c40eb7862a53de5aa68536559253950ff0e8da4c50e0d");
        assert.equal(
            buildImage({ ...source, platforms: ["linux/amd64", "linux/arm64/v8"] }).digest,
            "sha256:99de44f1ee8f862297cf468304d53d8393e8c9c731a467b3b8dc4090ac77083c",
        );
    });

    it("have another digest once anything in them differs", () => {
        const variants: ImageSource[] = [
            source,
            { ...source, files: { ...source.files, "etc/motd": { content: "Hello" } } },
            { ...source, files: { ...source.files, "etc/motd": { content: "hello", mode: 0o600 } } },
            { ...source, files: { ...source.files, "etc/more": { content: "" } } },
            { ...source, config: { ...source.config, user: "1" } },
            { ...source, config: { ...source.config, env: { A: "1" } } },
            { ...source, config: { ...source.config, labels: {} } },
            { ...source, platforms: ["linux/arm64"] },
            { ...source, platforms: ["linux/amd64", "linux/arm64"] },
        ];
        assert.equal(new Set(variants.map((variant) => buildImage(variant).digest)).size, variants.length);
    });

    it("say in their config what runs, and hold exactly the blobs that they name", () => {
        const image = buildImage(source);
        const manifest = JSON.parse(image.manifest.toString());
        assert.deepEqual([...image.blobs.keys()].sort(), [manifest.config.digest, manifest.layers[0].digest].sort());
        for (const [digest, bytes] of image.blobs) {
            assert.equal(digestOf(bytes), digest);
        }
        const layer = image.blobs.get(manifest.layers[0].digest)!;
        assert.deepEqual(JSON.parse(image.blobs.get(manifest.config.digest)!.toString()), {
            architecture: "amd64",
            os: "linux",
            created: "1970-01-01T00:00:00Z",
            config: {
                User: "65532:65532",
                ExposedPorts: { "8080/tcp": {} },
                Env: ["A=1", "B=2"],
                Entrypoint: ["/app/server"],
                Cmd: ["--port=8080"],
                WorkingDir: "/app",
                Labels: { "dev.oneflow.sandbox.behaviour": "crash" },
            },
            rootfs: { type: "layers", diff_ids: [digestOf(gunzipSync(layer))] },
            history: [{ created: "1970-01-01T00:00:00Z", created_by: "oneflow sandbox" }],
        });
    });

    it("are an index of one manifest a platform where there are several, with one layer for all", () => {
        const image = buildImage({ ...source, platforms: ["linux/amd64", "linux/arm64/v8"] });
        const { manifests } = JSON.parse(image.manifest.toString());
        assert.deepEqual(
            manifests.map(({ digest, platform }: { digest: string; platform: object }) => ({ digest, platform })),
            [
                { digest: image.children[0].digest, platform: { architecture: "amd64", os: "linux" } },
                { digest: image.children[1].digest, platform: { architecture: "arm64", os: "linux", variant: "v8" } },
            ],
        );
        assert.equal(image.blobs.size, 3);
    });

    it("unpack with the system's own tar", () => {
        const list = execFileSync("tar", ["-tvzf", "-", "--numeric-owner"], {
            input: gzip(tar(source.files)),
            encoding: "utf8",
            env: { TZ: "UTC" },
        });
        const seen = list
            .trim()
            .split("\n")
            .map((line) => line.split(/\s+/));
        assert.deepEqual(
            seen.map((words) => [words[0], words[1], words.at(-1)]),
            [
                ["drwxr-xr-x", "0/0", "app/"],
                ["-rwxr-xr-x", "0/0", "app/server"],
                ["drwxr-xr-x", "0/0", "etc/"],
                ["-rw-r--r--", "0/0", "etc/motd"],
            ],
        );
        const word = execFileSync("tar", ["-xzOf", "-", "etc/motd"], { input: gzip(tar(source.files)), encoding: "utf8" });
        assert.equal(word, "hello");
    });

    it("are compressed without loss at every size", () => {
        for (const size of [0, 1, 0xfffe, 0xffff, 0x10000, 0x1ffff]) {
            const content = Buffer.alloc(size, "abc");
            assert.deepEqual(gunzipSync(gzip(content)), content);
        }
        fc.assert(fc.property(fc.uint8Array({ maxLength: 4096 }), (bytes) => gunzipSync(gzip(Buffer.from(bytes))).equals(bytes)));
    });

    it("hold no file outside of themselves", () => {
        for (const path of ["../etc/passwd", "a/../b", "a//b", "", "/", `a/${"b".repeat(100)}`]) {
            assert.throws(() => tar({ [path]: { content: "" } }), /is not a file's path in an image|is longer than/, path);
        }
        assert.throws(() => buildImage({ files: {}, platforms: ["linux"] }), /"linux" is not a platform/);
    });
});
