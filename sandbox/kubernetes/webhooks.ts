import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Whom an API server asks, by HTTP, whose a token is and what they may do. */
export interface Webhooks {
    /** Takes a `TokenReview` for each token that the API server does not know itself. */
    authentication: string;
    /** Takes a `SubjectAccessReview` for whatever RBAC does not let. */
    authorization: string;
}

/** Writes what the API server has to be told, and says with which flags. */
export function webhookFlags(directory: string, { authentication, authorization }: Webhooks): string[] {
    const write = (name: string, server: string): string => {
        const file = join(directory, `${name}-webhook.kubeconfig`);
        const config = {
            apiVersion: "v1",
            kind: "Config",
            clusters: [{ name, cluster: { server } }],
            contexts: [{ name, context: { cluster: name, user: "" } }],
            "current-context": name,
        };
        writeFileSync(file, JSON.stringify(config));
        return file;
    };
    return [
        `--authentication-token-webhook-config-file=${write("authentication", authentication)}`,
        "--authentication-token-webhook-version=v1",
        `--authorization-webhook-config-file=${write("authorization", authorization)}`,
        "--authorization-webhook-version=v1",
        // What was granted or taken away a moment ago must show.
        "--authorization-webhook-cache-authorized-ttl=0s",
        "--authorization-webhook-cache-unauthorized-ttl=0s",
    ];
}
