import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credential, Credentials } from "./credentials";
import { RegistryError } from "./model";

/** The part of docker's `config.json` that says how to log in. */
export interface DockerConfig {
    auths?: Readonly<Record<string, DockerAuth>>;
    /** Host → name of the credential helper. */
    credHelpers?: Readonly<Record<string, string>>;
    /** Name of the credential helper for every host. */
    credsStore?: string;
}

export interface DockerAuth {
    /** Base64 of `username:password`. */
    auth?: string;
    username?: string;
    password?: string;
    identitytoken?: string;
}

/**
 * What `docker login` and `gcloud auth configure-docker` left behind: a helper for the host, the helper for all, then `auths`.
 *
 * @param directory folder of `config.json`. @default `$DOCKER_CONFIG`, else `~/.docker`
 */
export function dockerCredentials(directory?: string): Credentials {
    return {
        async for(host) {
            const path = join(directory ?? process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
            const config = await readDockerConfig(path);
            if (!config) {
                return undefined;
            }
            const helper = helperFor(config, host);
            return (helper && (await askHelper(helper, host, path))) || credentialOf(config, host, path);
        },
    };
}

/** The helper that is responsible for a host: its own, else the one for every host. */
export function helperFor({ credHelpers = {}, credsStore }: DockerConfig, host: string): string | undefined {
    const own = Object.entries(credHelpers).find(([key]) => hostOfKey(key) === host);
    return own?.[1] ?? credsStore;
}

/** The credential that stands in `auths` itself. An entry without secrets, as helpers leave it, is none. */
export function credentialOf({ auths = {} }: DockerConfig, host: string, path: string): Credential | undefined {
    const entry = Object.entries(auths).find(([key]) => hostOfKey(key) === host)?.[1];
    if (entry?.identitytoken) {
        return { source: path, identityToken: entry.identitytoken };
    }
    const [username, password] = entry?.auth
        ? split(Buffer.from(entry.auth, "base64").toString("utf8"))
        : [entry?.username, entry?.password];
    return username && password ? { source: path, username, password } : undefined;
}

/** The host that a key of docker's configuration speaks of: keys may be addresses, and Docker Hub goes by several names. */
export function hostOfKey(key: string): string {
    const host = key.replace(/^https?:\/\//, "").split("/")[0];
    return ["docker.io", "index.docker.io"].includes(host) ? dockerHub : host;
}

const dockerHub = "registry-1.docker.io";
/** The name under which docker and its helpers keep Docker Hub's credential. */
const dockerHubKey = "https://index.docker.io/v1/";

function split(pair: string): [string, string] {
    const colon = pair.indexOf(":");
    return [pair.slice(0, Math.max(0, colon)), pair.slice(colon + 1)];
}

async function readDockerConfig(path: string): Promise<DockerConfig | undefined> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT" || error.code === "ENOTDIR") {
            return undefined;
        }
        throw new RegistryError(`docker's configuration could not be read: ${error.message}`);
    });
    if (text === undefined) {
        return undefined;
    }
    try {
        return JSON.parse(text) as DockerConfig;
    } catch (error) {
        // V8 quotes the text around the mistake, which may be a password.
        throw new RegistryError(
            `docker's configuration ${path} is not JSON${/ at position \d+/.exec((error as Error).message)?.[0] ?? ""}`,
        );
    }
}

async function askHelper(helper: string, host: string, path: string): Promise<Credential | undefined> {
    const program = `docker-credential-${helper}`;
    const { status, output, complaint } = await run(program, host === dockerHub ? dockerHubKey : host).catch(
        (error: NodeJS.ErrnoException) => {
            const cause = error.code === "ENOENT" ? "is not on PATH" : `did not start: ${error.message}`;
            throw new RegistryError(
                `${path} names ${program} for ${host}, which ${cause}\n→ install it, or take it out of that file`,
            );
        },
    );
    if (status !== 0) {
        const said = `${output.trim()} ${complaint.trim()}`.trim();
        if (/credentials not found|no credentials/i.test(said)) {
            return undefined;
        }
        throw new RegistryError(`${program} gave no credential for ${host}: ${said || `it ended with ${status}`}`);
    }
    const { Username: username, Secret: password } = parseAnswer(output, program);
    if (!password) {
        return undefined;
    }
    return username === "<token>"
        ? { source: program, identityToken: password }
        : { source: program, username: username ?? "", password };
}

function parseAnswer(output: string, program: string): { Username?: string; Secret?: string } {
    try {
        return JSON.parse(output) as { Username?: string; Secret?: string };
    } catch {
        // Neither the output nor the parser's message, which quotes it, may be shown: they hold the secret.
        throw new RegistryError(`${program} get did not answer with JSON`);
    }
}

function run(program: string, input: string): Promise<{ status: number | null; output: string; complaint: string }> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, ["get"], { stdio: "pipe", timeout: 30_000 });
        let [output, complaint] = ["", ""];
        child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
        child.once("error", reject);
        child.once("close", (status) => resolve({ status, output, complaint }));
        // A helper that ends without reading closes the pipe; what it said stands in its output and its exit code.
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
    });
}
