import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Webhooks } from "../kubernetes/webhooks";
import type { Cloud, Cluster } from "../providers/cloud";
import { allowedByIam, clusterPermission, clusterUser, connectionRefusal, isClusterAdmin } from "../providers/cloud/clusterIam";

/** What the API servers of the simulated cloud's clusters ask: Google, whose a token is, and IAM, what they may do. */
export interface ClusterAuthority {
    /** Where the API server of a cluster asks. */
    webhooks(clusterKey: string): Webhooks;
}

/** Answers on a port of 127.0.0.1, as long as this process lives. */
export async function serveAuthority(cloud: Cloud): Promise<ClusterAuthority> {
    const server = createServer((request, response) => {
        void (async () => {
            const [, key, question] = new URL(request.url ?? "", "http://127.0.0.1").pathname.split("/");
            const cluster = cloud.clusters().find((one) => one.key === decodeURIComponent(key));
            const review = JSON.parse(await textOf(request)) as Review;
            const status = cluster ? answers[question](cloud, cluster, review) : {};
            const { apiVersion, kind } = review;
            response.setHeader("content-type", "application/json").end(JSON.stringify({ apiVersion, kind, status }));
        })().catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    server.unref();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
        webhooks: (clusterKey) => ({
            authentication: `${base}/${encodeURIComponent(clusterKey)}/authenticate`,
            authorization: `${base}/${encodeURIComponent(clusterKey)}/authorize`,
        }),
    };
}

/** The two kinds of question that an API server asks, `TokenReview` and `SubjectAccessReview`. */
interface Review {
    apiVersion: string;
    kind: string;
    spec: {
        token?: string;
        extra?: Record<string, string[]>;
        resourceAttributes?: { verb: string; resource: string; subresource?: string };
    };
}

const answers: Readonly<Record<string, (cloud: Cloud, cluster: Cluster, review: Review) => object>> = {
    /** A member who has the token, and gets through to the cluster at all. */
    authenticate(cloud, cluster, { spec }) {
        const member = cloud.identify(spec.token ?? "");
        if (member === undefined) return { authenticated: false };
        const error = connectionRefusal(cloud, cluster, member);
        if (error !== undefined) return { authenticated: false, error };
        const user = { username: clusterUser(member), groups: ["system:authenticated"], extra: { [memberKey]: [member] } };
        return { authenticated: true, user };
    },
    /** Never a denial: what IAM does not let, another authoriser may. */
    authorize(cloud, cluster, { spec: { extra, resourceAttributes } }) {
        const member = extra?.[memberKey]?.[0];
        if (member === undefined) return { allowed: false };
        if (!resourceAttributes) return { allowed: isClusterAdmin(cloud, cluster, member) };
        if (allowedByIam(cloud, cluster, member, resourceAttributes)) return { allowed: true };
        return { allowed: false, reason: `requires one of ["${clusterPermission(resourceAttributes)}"] permission(s).` };
    },
};

/** Where the API server carries a user's IAM member, which its name alone does not tell. */
const memberKey = "iam.sandbox.oneflow.dev/member";

async function textOf(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
}
