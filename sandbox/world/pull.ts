import { OciRegistry } from "../../core/registry/client";
import { parseReference, type Digest } from "../../core/registry/reference";
import type { PulledImage, PullImage } from "../providers/kubernetes/kubelet";
import { basicAuthorization } from "../registry/push";

/**
 * Pulls images as a node does: as its own service account, by digest, the manifest of its platform, then the configuration.
 *
 * @param tokenOf what a member shows a registry host; nothing: a registry that is not Google's is asked anonymously
 */
export function pullAs(tokenOf: (member: string, host: string) => string | undefined): PullImage {
    return async (reference, member) => {
        const { host, repository } = parseReference(reference);
        const password = tokenOf(member, host);
        const credential = password === undefined ? undefined : { username: "oauth2accesstoken", password, source: member };
        const registry = new OciRegistry({ credentials: { for: () => Promise.resolve(credential) }, attempts: 1 });
        const image = await registry.manifest(reference);
        const digest = image && (platformDigest(image.bytes) ?? image.digest);
        const ofPlatform = digest && (await registry.manifest(`${host}/${repository}@${digest}`));
        if (!image || !ofPlatform) {
            throw new Error(`failed to pull and unpack image "${reference}": not found`);
        }
        const { config } = JSON.parse(ofPlatform.bytes.toString()) as { config: { digest: Digest } };
        const headers: Record<string, string> = password === undefined ? {} : { authorization: basicAuthorization(password) };
        const response = await fetch(`http://${host}/v2/${repository}/blobs/${config.digest}`, { headers });
        if (!response.ok) {
            throw new Error(`failed to pull and unpack image "${reference}": ${response.status} ${await response.text()}`);
        }
        const document = (await response.json()) as { config?: PulledImage["config"] };
        return { digest: image.digest, config: document.config ?? {} };
    };
}

/** The manifest that an index has for the nodes' platform. Nothing where the document is no index. */
function platformDigest(manifest: Buffer): Digest | undefined {
    const { manifests } = JSON.parse(manifest.toString()) as {
        manifests?: { digest: Digest; platform?: { os: string; architecture: string } }[];
    };
    return manifests?.find(({ platform }) => platform?.os === "linux" && platform.architecture === "amd64")?.digest;
}
