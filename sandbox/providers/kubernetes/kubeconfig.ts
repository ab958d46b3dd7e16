import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import type { ClientCertificate } from "../../kubernetes/clusterClient";
import { ProviderError } from "../double";
import { isRecord, records, text } from "../values";

/** Whom and what a kubeconfig's context means. */
export interface Connection {
    /** URL of the API server. */
    server: string;
    /** Of what signed the server's certificate, as PEM. @default - the authorities that are known everywhere */
    certificateAuthority?: string;
    /** Token of the user. Absent: a certificate, or a plugin such as gke-gcloud-auth-plugin that gives one for whoever is logged in. */
    token?: string;
    /** Certificate and key of the user. */
    certificate?: ClientCertificate;
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
    const file = inlineOrFile(isFile(pathOrText) ? dirname(pathOrText) : ".");
    const token = text(user, "token") ?? file(user, "tokenFile")?.trim();
    const certificateAuthority = file(cluster, "certificate-authority");
    const [certificate, key] = [file(user, "client-certificate"), file(user, "client-key")];
    if (token === undefined && certificate === undefined && user.exec === undefined) {
        throw unreachable(
            "the server has asked for the client to provide credentials: the user has neither token nor client certificate nor exec",
        );
    }
    return {
        server,
        ...(token === undefined ? {} : { token }),
        ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
        ...(certificate === undefined || key === undefined ? {} : { certificate: { certificate, key } }),
        namespace: overrides.namespace ?? text(context, "namespace") ?? "default",
    };
}

/** Nobody answers at a cluster's address, or lets this user in. */
export class Unreachable extends ProviderError {}

export function unreachable(reason: string): Unreachable {
    return new Unreachable(
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

/** Reads what a kubeconfig holds as `<field>-data` in base64, or names as a file beside it. */
function inlineOrFile(directory: string): (entry: Record<string, unknown>, field: string) => string | undefined {
    return (entry, field) => {
        const [data, path] = [text(entry, `${field}-data`), text(entry, field)];
        if (data !== undefined) {
            return Buffer.from(data, "base64").toString();
        }
        return path === undefined ? undefined : readFileSync(resolve(directory, path), "utf8");
    };
}

function isFile(path: string): boolean {
    return !path.includes("\n") && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}
