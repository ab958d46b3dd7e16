import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Digest } from "../../core/registry/reference";
import { buildImage, type Image } from "../../sandbox/registry/images";
import { basicAuthorization } from "../../sandbox/registry/push";
import { readImagePath, type RegistryPolicy, type RegistryServer, serveRegistry } from "../../sandbox/registry/server";

/** Who may do what in the repositories that exist: `develop` moves its tags, `stable` does not, `catalog` is everybody's to read. */
const grants: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    develop: { pull: ["builder", "deployer"], push: ["builder"] },
    stable: { pull: ["deployer"], push: ["deployer"] },
    catalog: { pull: ["everybody"], push: ["builder"] },
};

export const policy: RegistryPolicy = {
    authenticate: (username, password) =>
        username === "oauth2accesstoken" && password.startsWith("token-of-") ? password.slice("token-of-".length) : undefined,
    repository: (path) => {
        const image = readImagePath(path);
        return image?.project === "acme-dev" && image.repositoryId in grants
            ? { ...image, location: "europe-west1", immutableTags: image.repositoryId === "stable" }
            : undefined;
    },
    denied: (member, action, { repositoryId }) => {
        const allowed = grants[repositoryId][action];
        const permission = action === "pull" ? "downloadArtifacts" : "uploadArtifacts";
        return allowed.includes("everybody") || (member !== undefined && allowed.includes(member))
            ? undefined
            : `artifactregistry.repositories.${permission}`;
    },
};

/** A registry on a directory of its own, and requests to it as one of the members. */
export class World {
    private constructor(
        /** The registry's directory. */
        readonly directory: string,
        /** An empty folder for what a test needs besides. */
        readonly scratch: string,
        public registry: RegistryServer,
    ) {}

    static async start(tokenLifetimeSeconds?: number): Promise<World> {
        const root = await mkdtemp(join(tmpdir(), "registry-double-"));
        const [directory, scratch] = [join(root, "registry"), join(root, "scratch")];
        await mkdir(scratch);
        return new World(directory, scratch, await serveRegistry({ directory, policy, tokenLifetimeSeconds }));
    }

    async restart(): Promise<void> {
        await this.registry.close();
        this.registry = await serveRegistry({ directory: this.directory, policy });
    }

    async end(): Promise<void> {
        await this.registry.close();
        await rm(dirname(this.directory), { recursive: true });
    }

    /** @param member who asks, by Basic; `undefined`: without credentials */
    ask(
        member: string | undefined,
        method: string,
        path: string,
        request: { body?: Buffer | string; headers?: Record<string, string> } = {},
    ) {
        return fetch(`http://${this.registry.address}${path}`, {
            method,
            redirect: "manual",
            body: request.body === undefined ? undefined : new Uint8Array(Buffer.from(request.body)),
            headers: { ...(member ? { authorization: basicAuthorization(`token-of-${member}`) } : {}), ...request.headers },
        });
    }

    /** Status, and code and message of the first error. */
    async refusal(...request: Parameters<World["ask"]>): Promise<{ status: number; code: string; message: string }> {
        const response = await this.ask(...request);
        const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
        return { status: response.status, code: errors[0].code, message: errors[0].message };
    }

    async upload(member: string, path: string, digest: Digest, bytes: Buffer): Promise<number> {
        return (await this.ask(member, "POST", `/v2/${path}/blobs/uploads/?digest=${digest}`, { body: bytes })).status;
    }
}

/** A small image whose one file says what it is given. */
export function imageSaying(text: string, platforms?: readonly string[]): Image {
    return buildImage({ files: { "app/word": { content: text } }, config: { entrypoint: ["/app/word"] }, platforms });
}
