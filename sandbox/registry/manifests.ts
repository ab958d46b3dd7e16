import type { IncomingMessage } from "node:http";
import { type Digest, isDigest, isTag } from "../../core/registry/reference";
import { answer, answerJson, type Call, requireDigest } from "./call";
import { failure, type OciError, RegistryFailure } from "./failure";
import { type ManifestDocument, readManifest, type Reference } from "./manifestDocument";
import { digestOf, type StoredManifest, TagTaken } from "./storage";

const maximumManifestBytes = 4 * 1024 * 1024;
/** More tags than this never stand on one page, however many are asked for. */
const maximumPage = 1000;

/** GET and HEAD of a manifest, by tag or digest. */
export async function getManifest(call: Call): Promise<void> {
    const { request, response } = call;
    const { digest, mediaType, bytes } = await requireManifest(call);
    if (!accepts(request.headers.accept, mediaType)) {
        throw failure(404, "MANIFEST_UNKNOWN", `${call.reference} is a ${mediaType}, which the Accept header does not name`);
    }
    response.writeHead(200, { "Content-Type": mediaType, "Content-Length": bytes.length, "Docker-Content-Digest": digest });
    response.end(request.method === "HEAD" ? undefined : bytes);
}

/** PUT of a manifest: taken only once everything that it refers to is in the same repository. */
export async function putManifest(call: Call): Promise<void> {
    const { request, response, path, reference, repository, storage } = call;
    const bytes = await readBody(request);
    const digest = digestOf(bytes);
    const mediaType = request.headers["content-type"];
    const document = readManifest(mediaType, bytes);
    if (isDigest(reference)) {
        if (reference !== digest) {
            throw failure(400, "DIGEST_INVALID", `The manifest has digest ${digest}, not ${reference}`);
        }
    } else if (!isTag(reference)) {
        throw failure(400, "TAG_INVALID", `${JSON.stringify(reference)} cannot be a tag`);
    } else if (repository.immutableTags) {
        refuseMove(reference, digest, await storage.tagged(path, reference));
    }
    await requireReferences(call, document);
    await storage.putManifest(path, { digest, mediaType: mediaType!, bytes }, document.subject);
    if (!isDigest(reference)) {
        await tag(call, digest);
    }
    answer(response, 201, {
        Location: `/v2/${path}/manifests/${digest}`,
        "Docker-Content-Digest": digest,
        ...(document.subject ? { "OCI-Subject": document.subject } : {}),
    });
}

/** GET of the tags, a page at a time. */
export async function listTags({ response, url, path, storage }: Call): Promise<void> {
    const all = await storage.tags(path);
    if (!all) {
        throw failure(404, "NAME_UNKNOWN", `${path} has no manifest`, { detail: { name: path } });
    }
    const asked = url.searchParams.get("n");
    if (asked !== null && !/^\d+$/.test(asked)) {
        throw failure(400, "PAGINATION_NUMBER_INVALID", `n is ${JSON.stringify(asked)}, expected a number of tags`);
    }
    const size = Math.min(maximumPage, asked === null ? maximumPage : Number(asked));
    const last = url.searchParams.get("last");
    const rest = last === null ? all : all.filter((name) => name > last);
    const tags = rest.slice(0, size);
    const more = rest.length > size && size > 0;
    answerJson(
        response,
        200,
        { name: path, tags },
        more ? { Link: `</v2/${path}/tags/list?n=${size}&last=${encodeURIComponent(tags.at(-1)!)}>; rel="next"` } : {},
    );
}

/** GET of the manifests that are about another. */
export async function listReferrers({ response, url, path, reference, storage }: Call): Promise<void> {
    const wanted = url.searchParams.get("artifactType");
    const found = await Promise.all(
        (await storage.referrers(path, requireDigest(reference))).map((each) => storage.manifest(path, each)),
    );
    const manifests = found
        .filter((manifest) => manifest !== undefined)
        .map(({ digest, mediaType, bytes }) => {
            const { artifactType, annotations } = readManifest(mediaType, bytes);
            return { mediaType, digest, size: bytes.length, artifactType, annotations };
        })
        .filter(({ artifactType }) => wanted === null || artifactType === wanted);
    answerJson(
        response,
        200,
        { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests },
        {
            "Content-Type": "application/vnd.oci.image.index.v1+json",
            ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
        },
    );
}

async function tag({ path, reference, repository, storage }: Call, digest: Digest): Promise<void> {
    if (!repository.immutableTags) {
        await storage.moveTag(path, reference, digest);
        return;
    }
    try {
        await storage.fixTag(path, reference, digest);
    } catch (error) {
        if (error instanceof TagTaken) {
            refuseMove(reference, digest, error.current);
        }
        throw error;
    }
}

function refuseMove(tag: string, wanted: Digest, current: Digest | undefined): void {
    if (current !== undefined && current !== wanted) {
        // The words of Artifact Registry, which other tools know it by.
        throw failure(400, "MANIFEST_INVALID", `cannot update tag ${tag}. The repository has enabled tag immutability`, {
            detail: { current, wanted },
        });
    }
}

async function requireManifest({ path, reference, storage }: Call): Promise<StoredManifest> {
    if (!isDigest(reference) && !isTag(reference)) {
        throw failure(400, "TAG_INVALID", `${JSON.stringify(reference)} is neither a tag nor a digest`);
    }
    const digest = isDigest(reference) ? reference : await storage.tagged(path, reference);
    const manifest = digest && (await storage.manifest(path, digest));
    if (!manifest) {
        throw failure(404, "MANIFEST_UNKNOWN", `${path} has no manifest ${reference}`, { detail: { name: path, reference } });
    }
    return manifest;
}

async function requireReferences({ path, storage }: Call, { blobs, children }: ManifestDocument): Promise<void> {
    const blobErrors = blobs.map(async (blob) => missing(path, "blob", blob, await storage.blobSize(path, blob.digest)));
    const childErrors = children.map(async (child) => {
        const manifest = await storage.manifest(path, child.digest);
        return manifest && manifest.mediaType !== child.mediaType
            ? { code: "MANIFEST_INVALID", message: `${child.digest} is a ${manifest.mediaType}, not a ${child.mediaType}` }
            : missing(path, "manifest", child, manifest?.bytes.length);
    });
    const errors = (await Promise.all([...blobErrors, ...childErrors])).filter((error) => error !== undefined);
    if (errors.length > 0) {
        throw new RegistryFailure(400, errors);
    }
}

function missing(path: string, what: string, { digest, size }: Reference, actual: number | undefined): OciError | undefined {
    if (actual === undefined) {
        return { code: "MANIFEST_BLOB_UNKNOWN", message: `${path} has no ${what} ${digest}`, detail: { digest } };
    }
    return actual === size
        ? undefined
        : { code: "MANIFEST_INVALID", message: `${what} ${digest} has ${actual} bytes, not ${size}`, detail: { digest } };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    // The rest of what is too large is read and dropped: a cut connection would hide the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maximumManifestBytes) {
            throw failure(413, "SIZE_INVALID", `The manifest has more than ${maximumManifestBytes} bytes`);
        }
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}

function accepts(header: string | undefined, mediaType: string): boolean {
    const accepted = (header ?? "*/*").split(",").map((entry) => entry.split(";")[0].trim());
    return accepted.includes(mediaType) || accepted.includes("*/*") || accepted.includes("application/*");
}
