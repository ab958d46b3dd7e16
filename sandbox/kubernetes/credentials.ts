import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Who may speak to the API server. */
export interface Account {
    name: string;
    groups: readonly string[];
}

/** User that plays every node, and so may do more than a node may. */
export const nodesAccount = "nodes";

/** The control plane's own. What each may do is said by the roles that the API server makes for it. */
export const controlPlaneAccounts: readonly Account[] = [
    { name: "admin", groups: ["system:masters"] },
    { name: "system:kube-controller-manager", groups: [] },
    { name: "system:kube-scheduler", groups: [] },
    { name: nodesAccount, groups: ["system:masters"] },
];

/** Where things stand in a control plane's folder. */
export interface CredentialFiles {
    /** Folder that the API server makes its certificate in: of its own authority, for 127.0.0.1. */
    certificates: string;
    /** The certificate and its authority. Made by the API server. */
    certificate: string;
    /** Who a token belongs to, as the API server reads it. */
    tokens: string;
    /** Key that tokens of service accounts are signed with. */
    serviceAccountKey: string;
    /** User → a kubeconfig of its own. */
    kubeconfigs: Readonly<Record<string, string>>;
    /** A kubeconfig with a context for each user. */
    kubeconfig: string;
}

/** Writes new tokens and kubeconfigs, and a key where there is none yet. @returns where they are, and user → token */
export function writeCredentials(
    directory: string,
    address: string,
    accounts: readonly Account[],
): { files: CredentialFiles; tokens: Readonly<Record<string, string>> } {
    const tokens = Object.fromEntries(accounts.map(({ name }) => [name, randomBytes(24).toString("base64url")]));
    const certificates = join(directory, "certificates");
    const files: CredentialFiles = {
        certificates,
        certificate: join(certificates, "apiserver.crt"),
        tokens: join(directory, "tokens.csv"),
        serviceAccountKey: join(directory, "service-accounts.pem"),
        kubeconfigs: Object.fromEntries(accounts.map(({ name }) => [name, join(directory, `${fileName(name)}.kubeconfig`)])),
        kubeconfig: join(directory, "kubeconfig"),
    };
    const rows = accounts.map(({ name, groups }) => [tokens[name], name, name, groups.join(",")].map(quoted).join(","));
    const secret = (file: string, content: string | Buffer) => writeFileSync(file, content, { mode: 0o600 });
    secret(files.tokens, `${rows.join("\n")}\n`);
    if (!existsSync(files.serviceAccountKey)) secret(files.serviceAccountKey, newKey());
    for (const { name } of accounts) {
        const own = { [name]: tokens[name] };
        secret(files.kubeconfigs[name], kubeconfig(address, files.certificate, own));
    }
    secret(files.kubeconfig, kubeconfig(address, files.certificate, tokens));
    return { files, tokens };
}

/** A kubeconfig with a context for each user, the first one current. JSON is YAML. */
function kubeconfig(server: string, certificateAuthority: string, tokens: Readonly<Record<string, string>>): string {
    const users = Object.keys(tokens);
    const config = {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "sandbox", cluster: { server, "certificate-authority": certificateAuthority } }],
        users: users.map((name) => ({ name, user: { token: tokens[name] } })),
        contexts: users.map((name) => ({ name, context: { cluster: "sandbox", user: name } })),
        "current-context": users[0],
    };
    return JSON.stringify(config, null, 2);
}

function newKey(): string | Buffer {
    return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" });
}

function quoted(cell: string): string {
    return `"${cell.replaceAll('"', '""')}"`;
}

function fileName(user: string): string {
    return user.replace(/[^\w.@-]/g, "-");
}
