import type { Digest } from "../../core/registry/reference";
import type { Image } from "./images";

/**
 * The sandbox's `docker push`: sends what the repository does not have yet, the tags last.
 *
 * @param to registry host with port, and path of the repository
 * @param authorization the header's value; see {@link basicAuthorization}. @default - none
 * @returns the digest that the tags mean now
 * @throws Error with the registry's own words where it refuses
 */
export async function pushImage(
    to: { address: string; repository: string },
    image: Image,
    tags: readonly string[],
    authorization?: string,
): Promise<Digest> {
    const base = `http://${to.address}/v2/${to.repository}`;
    const headers: Record<string, string> = authorization ? { authorization } : {};
    const send = async (method: string, url: string, expected: readonly number[], body?: Buffer, contentType?: string) => {
        const response = await fetch(url, {
            method,
            body: body && new Uint8Array(body),
            headers: { ...headers, ...(contentType ? { "content-type": contentType } : {}) },
        });
        const answer = await response.text();
        if (!expected.includes(response.status)) {
            throw new Error(`push to ${to.address}/${to.repository} refused: ${method} ${url} → ${response.status} ${answer}`);
        }
        return response.status;
    };

    await Promise.all(
        [...image.blobs].map(async ([digest, bytes]) => {
            if ((await send("HEAD", `${base}/blobs/${digest}`, [200, 404])) === 404) {
                await send("POST", `${base}/blobs/uploads/?digest=${digest}`, [201], bytes, "application/octet-stream");
            }
        }),
    );
    for (const { manifest, mediaType, digest } of image.children) {
        await send("PUT", `${base}/manifests/${digest}`, [201], manifest, mediaType);
    }
    for (const reference of tags.length > 0 ? tags : [image.digest]) {
        await send("PUT", `${base}/manifests/${reference}`, [201], image.manifest, image.mediaType);
    }
    return image.digest;
}

/** The header's value for an access token, as Artifact Registry takes it. */
export function basicAuthorization(accessToken: string): string {
    return `Basic ${Buffer.from(`oauth2accesstoken:${accessToken}`).toString("base64")}`;
}
