import { isDigest } from "../registry/reference";
import { DocumentReader, type Fields } from "./documentReader";
import { canonicalJson, imageNames, isCommit, isRelease, lockSchema, type Lock } from "./lock";

/**
 * The lock of a commit, once every image of its catalog is there.
 *
 * @throws Refusal that names each image that the catalog needs and the lock lacks, and each that nothing needs
 */
export function makeLock(parts: Omit<Lock, "schema">): Lock {
    return total({ schema: lockSchema, ...parts }, `Lock of ${parts.source.commit} refused, nothing was changed`);
}

/**
 * Reads a lock and holds it to everything that a lock promises, totality over its own catalog included.
 * Of the catalog it checks what the lock's images are told by; how a service is rendered is the renderer's business.
 *
 * @param what names the lock in the report: its address where it was pulled from
 * @throws Refusal with everything that is wrong with it
 */
export function parseLock(content: unknown, what = "Lock"): Lock {
    return total(content, `${what} cannot be read`);
}

/**
 * Reads a lock that need not be total: {@link lockGaps} says whether it is.
 *
 * @throws Refusal with everything else that is wrong with it
 */
export function parseLockAsWritten(content: unknown, what = "Lock"): Lock {
    return asWritten(content, `${what} cannot be read`);
}

/** Image names by which a lock is not total over its own catalog, sorted. */
export function lockGaps({ catalog, images }: Lock): { missing: string[]; surplus: string[] } {
    const needed = new Set(imageNames(catalog));
    return {
        missing: [...needed].filter((name) => !Object.hasOwn(images, name)),
        surplus: Object.keys(images)
            .filter((name) => !needed.has(name))
            .sort(),
    };
}

/** The lock's canonical bytes: equal locks have equal bytes, so they have equal digests. */
export function serializeLock(lock: Lock): Buffer {
    return Buffer.from(canonicalJson(lock));
}

/** Checks the part of a catalog that names images: of a lock, or of a run record. */
export function readCatalog(reader: DocumentReader, value: unknown): void {
    const services = reader.fields("catalog.services", reader.fields("catalog", value, ["services"]).services);
    for (const [key, entry] of Object.entries(services)) {
        const path = `catalog.services.${key}`;
        const service = reader.fields(path, entry);
        reader.expect(`${path}.name`, service.name, service.name === key, JSON.stringify(key));
        readCatalogImage(reader, `${path}.image`, service.image);
        reader.expect(`${path}.init`, service.init, Array.isArray(service.init), "a list");
        for (const [index, container] of Array.isArray(service.init) ? service.init.entries() : []) {
            const init = reader.fields(`${path}.init.${index}`, container);
            reader.text(`${path}.init.${index}.name`, init.name);
            readCatalogImage(reader, `${path}.init.${index}.image`, init.image);
        }
        if (service.manifests !== undefined) {
            const images = `${path}.manifests.images`;
            for (const [beside, image] of Object.entries(
                reader.fields(images, reader.fields(`${path}.manifests`, service.manifests).images),
            )) {
                readCatalogImage(reader, `${images}.${beside}`, image);
            }
        }
    }
}

/** Checks image name → locked image: of a lock, or of a run record. */
export function readImages(reader: DocumentReader, value: unknown): void {
    for (const [name, entry] of Object.entries(reader.fields("images", value))) {
        const path = `images.${name}`;
        const image: Fields = reader.fields(path, entry, ["commit", "source", "digest"]);
        reader.expect(`${path}.digest`, image.digest, isDigest(image.digest), "sha256:<64 hex digits>");
        if (image.source === undefined) {
            reader.expect(`${path}.commit`, image.commit, isCommit(image.commit), "a full commit SHA of 40 hex digits");
        } else {
            reader.text(`${path}.source`, image.source);
            reader.expect(`${path}.commit`, image.commit, image.commit === undefined, "none beside source: a third party built it");
        }
    }
}

function readCatalogImage(reader: DocumentReader, path: string, value: unknown): void {
    const { from } = reader.fields(path, value);
    reader.expect(`${path}.from`, from, from === "source" || from === "thirdParty", "source or thirdParty");
}

function total(content: unknown, title: string): Lock {
    const lock = asWritten(content, title);
    const reader = new DocumentReader(title);
    const { missing, surplus } = lockGaps(lock);
    missing.forEach((name) => reader.report(`images.${name}`, "is missing: the lock's own catalog has it."));
    surplus.forEach((name) => reader.report(`images.${name}`, "is one too many: the lock's own catalog does not have it."));
    reader.finish();
    return lock;
}

function asWritten(content: unknown, title: string): Lock {
    const reader = new DocumentReader(title);
    const document = reader.document(content, lockSchema);
    reader.fields("document", document, ["schema", "source", "catalog", "images"]);

    const source = reader.fields("source", document.source, ["repository", "commit", "branch", "release"]);
    const { repository, commit, branch } = source;
    reader.expect("source.repository", repository, /^[^/\s]+\/[^/\s]+$/.test(String(repository)), "owner/name");
    reader.expect("source.commit", commit, isCommit(commit), "a full commit SHA of 40 hex digits");
    reader.expect("source.branch", branch, ["develop", "main", "hotfix"].includes(String(branch)), "develop, main or hotfix");

    if (source.release !== undefined) {
        const hotfix = branch === "hotfix";
        reader.expect("source.release", source.release, hotfix && isRelease(source.release), "v1.4.0, and only of a hotfix");
    }
    readCatalog(reader, document.catalog);
    readImages(reader, document.images);
    reader.finish();
    return document as unknown as Lock;
}
