import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../core/registry/contents";
import { dockerManifest, dockerManifestList, ociIndex, ociManifest } from "../../core/registry/mediaTypes";
import type { Digest } from "../../core/registry/reference";
import { toolPath } from "../../sandbox/toolchain/toolchain";

/** A manifest as it is pushed, with everything below it. */
export interface TestImage {
    digest: Digest;
    mediaType: string;
    bytes: Buffer;
    blobs: readonly Buffer[];
    children: readonly TestImage[];
}

/** An image of one platform whose only file is text; docker's media types or OCI's. */
export function image(
    text: string,
    { mediaTypes = "oci", architecture = "amd64" }: { mediaTypes?: "oci" | "docker"; architecture?: string } = {},
): TestImage {
    const archive = tarOf("greeting", Buffer.from(text));
    const layer = gzipSync(archive);
    const config = Buffer.from(
        JSON.stringify({
            architecture,
            os: "linux",
            config: {},
            rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
            history: [],
        }),
    );
    const types = {
        oci: {
            manifest: ociManifest,
            config: "application/vnd.oci.image.config.v1+json",
            layer: "application/vnd.oci.image.layer.v1.tar+gzip",
        },
        docker: {
            manifest: dockerManifest,
            config: "application/vnd.docker.container.image.v1+json",
            layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        },
    }[mediaTypes];
    // White space that no serialiser would choose: whoever writes the manifest anew changes its digest.
    return manifestOf(types.manifest, [config, layer], [], {
        schemaVersion: 2,
        mediaType: types.manifest,
        config: piece(types.config, config),
        layers: [piece(types.layer, layer)],
    });
}

/** An index over two platforms. */
export function index(text: string, mediaTypes: "oci" | "docker" = "oci"): TestImage {
    const mediaType = mediaTypes === "oci" ? ociIndex : dockerManifestList;
    const children = ["amd64", "arm64"].map((architecture) => image(`${text} on ${architecture}`, { mediaTypes, architecture }));
    const manifests = children.map((child, position) => ({
        mediaType: child.mediaType,
        size: child.bytes.length,
        digest: child.digest,
        platform: { architecture: ["amd64", "arm64"][position], os: "linux" },
    }));
    return manifestOf(mediaType, [], children, { schemaVersion: 2, mediaType, manifests });
}

/** An image whose layer is random bytes, which nothing compresses and no other image shares. */
export function heavyImage(bytes: number): TestImage {
    return image(randomBytes(bytes / 2).toString("hex"));
}

export function manifestOf(
    mediaType: string,
    blobs: readonly Buffer[],
    children: readonly TestImage[],
    document: object,
): TestImage {
    const bytes = Buffer.from(`${JSON.stringify(document, undefined, 5)}\n\n`);
    return { digest: digestOf(bytes), mediaType, bytes, blobs, children };
}

export function piece(mediaType: string, bytes: Buffer) {
    return { mediaType, size: bytes.length, digest: digestOf(bytes) };
}

/** Pushes without the client under test: nothing but HTTP. */
export async function push(repository: string, pushed: TestImage, tag: string = pushed.digest): Promise<void> {
    const [host, ...path] = repository.split("/");
    const base = `http://${host}/v2/${path.join("/")}`;
    for (const blob of pushed.blobs) {
        const started = await expectStatus(202, `${base}/blobs/uploads/`, { method: "POST" });
        const session = new URL(started.headers.get("location")!, base);
        session.searchParams.set("digest", digestOf(blob));
        await expectStatus(201, session, {
            method: "PUT",
            body: new Uint8Array(blob),
            headers: { "content-type": "application/octet-stream" },
        });
    }
    for (const child of pushed.children) {
        await push(repository, child);
    }
    const headers = { "content-type": pushed.mediaType };
    await expectStatus(201, `${base}/manifests/${tag}`, { method: "PUT", body: new Uint8Array(pushed.bytes), headers });
}

async function expectStatus(status: number, address: string | URL, request: RequestInit): Promise<Response> {
    const answer = await fetch(address, request);
    const body = await answer.text();
    assert.equal(answer.status, status, `${request.method} ${address}: ${body}`);
    return answer;
}

/** What crane prints, as it prints it. */
export async function crane(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(await toolPath("crane"), [...args]);
    return stdout;
}

function tarOf(path: string, content: Buffer): Buffer {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(
        "0000644\0" +
            "0000000\0" +
            "0000000\0" +
            `${content.length.toString(8).padStart(11, "0")}\0` +
            "00000000000\0" +
            "        0",
        100,
        "latin1",
    );
    header.write("ustar\0" + "00", 257, "latin1");
    const checksum = header.reduce((sum, byte) => sum + byte, 0);
    header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}
