import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { ProviderError } from "../double";
import { isRecord, records, text } from "../values";

/** Whom and what a kubeconfig's context means. */
export interface Connection {
    /** URL of the API server. */
    server: string;
    /** Token of the user. Absent: a plugin such as gke-gcloud-auth-plugin gives one for whoever is logged in. */
    token?: string;
    /** Namespace for objects that name none. */
    namespace: string;
}

/**
 * Reads a kubeconfig, given as its path or its text, as the real provider does.
 *
 * @throws ProviderError that names the contexts that there are
 */
export function readKubeconfig(
    pathOrText: string,
    overrides: { context?: string; cluster?: string; namespace?: string },
): Connection {
    const config: unknown = parse(isFile(pathOrText) ? readFileSync(pathOrText, "utf8") : pathOrText);
    if (!isRecord(config)) {
        throw new ProviderError(
            "failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- yaml: unmarshal errors: cannot unmarshal string into Go value of type api.Config",
        );
    }
    const wanted = overrides.context ?? text(config, "current-context") ?? "";
    const context = named(config, "contexts", wanted, "context");
    const cluster = named(config, "clusters", overrides.cluster ?? String(context.cluster), "cluster");
    const user = named(config, "users", String(context.user), "user");
    const server = text(cluster, "server");
    if (server === undefined) {
        throw unreachable(`cluster ${JSON.stringify(String(context.cluster))} has no server`);
    }
    const token =
        text(user, "token") ?? (text(user, "tokenFile") ? readFileSync(text(user, "tokenFile")!, "utf8").trim() : undefined);
    if (token === undefined && user.exec === undefined) {
        throw unreachable("the server has asked for the client to provide credentials: the user has neither token nor exec");
    }
    return {
        server,
        ...(token === undefined ? {} : { token }),
        namespace: overrides.namespace ?? text(context, "namespace") ?? "default",
    };
}

export function unreachable(reason: string): ProviderError {
    return new ProviderError(
        `configured Kubernetes cluster is unreachable: unable to load schema information from the API server: ${reason}`,
    );
}

function named(config: Record<string, unknown>, list: string, name: string, what: string): Record<string, unknown> {
    const all = records(config[list]);
    const found = all.find((entry) => entry.name === name)?.[what];
    if (!isRecord(found)) {
        throw unreachable(
            `${what} ${JSON.stringify(name)} does not exist: the kubeconfig has ${all.map((entry) => String(entry.name)).join(", ") || `no ${list}`}`,
        );
    }
    return found;
}

function isFile(path: string): boolean {
    return !path.includes("\n") && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}
