/** Identity of a manifest: `sha256:` and 64 hex digits. A digest names bytes, a tag names whatever it was last put on. */
export type Digest = `sha256:${string}`;

/** An image or artifact in a registry, taken apart. */
export interface Reference {
    /** Registry host with its port if it has one: `europe-west1-docker.pkg.dev`, `127.0.0.1:5000`. */
    host: string;
    /** Repository inside the registry: `acme-dev/develop/checkoutservice`. */
    repository: string;
    /** @default - none: then the digest names the manifest */
    tag?: string;
    /** Wins over the tag where both stand. @default - none: then the tag names the manifest */
    digest?: Digest;
}

/** Docker Hub, as the reference `redis:alpine` means it. */
const dockerHub = "registry-1.docker.io";

const digestPattern = /^sha256:[0-9a-f]{64}$/;
// OCI distribution specification 1.1, "Pulling manifests".
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
// A host as docker's reference grammar has it, with its port.
const hostPattern =
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::\d+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function isDigest(value: unknown): value is Digest {
    return typeof value === "string" && digestPattern.test(value);
}

/** Whether the text can be a tag of an OCI registry: a git tag with `+` or `/` cannot. */
export function isTag(value: string): boolean {
    return tagPattern.test(value);
}

export function isRepository(value: string): boolean {
    return repositoryPattern.test(value) && value.length <= 255;
}

/**
 * Reads `host/repository[:tag][@digest]`; a first part without dot, colon or `localhost` is Docker Hub's, as in docker itself.
 *
 * @throws Error that names the value and what was expected
 */
export function parseReference(text: string): Reference {
    const [name, digest, ...more] = text.split("@");
    const slash = name.indexOf("/");
    const first = slash < 0 ? "" : name.slice(0, slash);
    const hasHost = first === "localhost" || /[.:]/.test(first);
    const rest = hasHost ? name.slice(slash + 1) : name;
    const colon = rest.indexOf(":");
    const path = colon < 0 ? rest : rest.slice(0, colon);
    const tag = colon < 0 ? undefined : rest.slice(colon + 1);
    const repository = !hasHost && !path.includes("/") ? `library/${path}` : path;
    if (more.length > 0 || (digest !== undefined && !isDigest(digest))) {
        throw new Error(`${JSON.stringify(text)} is not an image reference: its digest is not sha256:<64 hex digits>`);
    }
    if ((hasHost && !hostPattern.test(first)) || !isRepository(repository) || (tag !== undefined && !isTag(tag))) {
        throw new Error(`${JSON.stringify(text)} is not an image reference: expected [host/]repository[:tag][@sha256:…]`);
    }
    return {
        host: !hasHost || first === "docker.io" ? dockerHub : first,
        repository,
        ...(tag === undefined ? {} : { tag }),
        ...(digest === undefined ? {} : { digest: digest as Digest }),
    };
}

/** The text form; `parseReference` of it gives the same reference. */
export function formatReference({ host, repository, tag, digest }: Reference): string {
    return `${host}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}
