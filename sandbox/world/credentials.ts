import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Cluster } from "../providers/cloud";
import type { Layout } from "./layout";
import { identities } from "./names";

/** Gives every identity a token that the simulated cloud knows, as a workflow or a person would get one from Google. */
export function issueTokens(layout: Layout, cloud: Cloud): void {
    for (const [name, member] of Object.entries(identities())) {
        const token = `ya29.sandbox-${randomBytes(24).toString("base64url")}`;
        mkdirSync(layout.identity(name), { recursive: true, mode: 0o700 });
        writeFileSync(tokenFile(layout, name), token, { mode: 0o600 });
        cloud.addIdentity({ token, member });
    }
}

export function tokenOf(layout: Layout, identity: string): string {
    return readFileSync(tokenFile(layout, identity), "utf8");
}

/** Writes each identity's docker config: what `gcloud auth configure-docker` does on a real machine. */
export function writeDockerConfigs(layout: Layout, registry: string): void {
    for (const name of Object.keys(identities())) {
        const auth = Buffer.from(`oauth2accesstoken:${tokenOf(layout, name)}`).toString("base64");
        writeFileSync(join(layout.identity(name), "config.json"), JSON.stringify({ auths: { [registry]: { auth } } }), {
            mode: 0o600,
        });
    }
}

/**
 * Writes each identity's kubeconfig, with the clusters that it may get: what `gcloud container clusters get-credentials`
 * does. An identity that IAM does not let see a cluster gets no context for it.
 */
export function writeKubeconfigs(layout: Layout, cloud: Cloud): void {
    for (const [name, member] of Object.entries(identities())) {
        const reachable = cloud
            .clusters()
            .filter(({ resource }) => resource && cloud.allows(member, "container.clusters.get", resource))
            .map((cluster) => ({ context: `gke_${cluster.key.replaceAll("/", "_")}`, cluster: addressOf(cluster) }));
        const kubeconfig = {
            apiVersion: "v1",
            kind: "Config",
            clusters: reachable.map(({ context, cluster }) => ({ name: context, cluster })),
            contexts: reachable.map(({ context }) => ({ name: context, context: { cluster: context, user: name } })),
            // The one fetched last, as gcloud leaves it.
            "current-context": reachable.at(-1)?.context ?? "",
            users: [{ name, user: { token: tokenOf(layout, name) } }],
        };
        writeFileSync(kubeconfigOf(layout, name), JSON.stringify(kubeconfig, null, 2), { mode: 0o600 });
    }
}

/** Where a cluster is reached: at a name that stands for it in the sandbox, or where its API server really listens. */
function addressOf({ server, controlPlane }: Cluster): object {
    if (!controlPlane) return { server };
    const { address, certificateAuthority } = controlPlane;
    return { server: address, "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64") };
}

export function kubeconfigOf(layout: Layout, identity: string): string {
    return join(layout.identity(identity), "kubeconfig");
}

function tokenFile(layout: Layout, identity: string): string {
    return join(layout.identity(identity), "token");
}
