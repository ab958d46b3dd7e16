import { digestOf, readDocument, readPiece, type Piece } from "./contents";
import { type Manifests, nameOf, type Repository } from "./manifests";
import { ociIndex } from "./mediaTypes";
import { type Manifest, RegistryError, TagMoved } from "./model";
import { nextPage } from "./pages";
import { type Digest, formatReference } from "./reference";
import type { Answer, Transport } from "./transport";

/** A manifest that is about another, as a registry lists it. */
export interface Referrer extends Piece {
    /** Absent: the registry does not say it, and the manifest may. */
    artifactType?: string;
}

/**
 * The manifests that are about another one: as OCI 1.1 registries list them, and in those before them as an index under the tag
 * `sha256-<hex>`, which the clients keep. Nothing in the protocol keeps two writers of that index apart: of two at the same moment, one
 * may be listed no more.
 */
export class Referrers {
    constructor(
        private readonly transport: Transport,
        private readonly manifests: Manifests,
    ) {}

    /** Those of a type, in the registry's order. One more request for each whose type the registry does not tell. */
    async ofType(where: Repository, subject: Digest, artifactType: string): Promise<Piece[]> {
        const all = await this.list(where, subject);
        const types = await Promise.all(all.map((one) => one.artifactType ?? this.typeOf(where, one)));
        return all
            .filter((_, index) => types[index] === artifactType)
            .map(({ digest, mediaType, size }) => ({ digest, mediaType, size }));
    }

    /** Puts a manifest whose contents are there, and sees to it that it is listed. */
    async add(where: Repository, subject: Digest, manifest: Manifest): Promise<void> {
        await this.manifests.put(where, manifest, manifest.digest);
        // The header `OCI-Subject` tells it too, but there were registries that sent it and listed nothing.
        if ((await this.listed(where, subject)) === undefined) {
            await this.addToIndex(where, subject, manifest);
        }
    }

    private async list(where: Repository, subject: Digest): Promise<Referrer[]> {
        const listed = (await this.listed(where, subject)) ?? (await this.index(where, subject));
        return listed.map((entry) => {
            const { artifactType } = entry as { artifactType?: unknown };
            const piece = readPiece(entry, `The list of what is about ${nameOf(where, subject)}`);
            return { ...piece, ...(typeof artifactType === "string" && { artifactType }) };
        });
    }

    private async typeOf(where: Repository, { digest }: Piece): Promise<string | undefined> {
        const manifest = await this.manifests.get(where, digest);
        return manifest && readDocument(manifest.bytes, nameOf(where, digest)).artifactType;
    }

    /** Nothing where the registry does not know the question. */
    private async listed(where: Repository, subject: Digest): Promise<unknown[] | undefined> {
        const found: unknown[] = [];
        const seen = new Set<string>();
        let page: string | undefined = `/v2/${where.repository}/referrers/${subject}`;
        while (page !== undefined && !seen.has(page)) {
            seen.add(page);
            const { status, headers, address, body }: Answer = await this.transport.send({
                ...where,
                access: "pull",
                method: "GET",
                path: page,
                headers: { accept: ociIndex },
                action: `list what is about ${nameOf(where, subject)}`,
                expects: [404],
            });
            if (status === 404) {
                return undefined;
            }
            found.push(...(readDocument(body, `The list of what is about ${nameOf(where, subject)}`).manifests ?? []));
            const next = nextPage([headers.link ?? []].flat().join(", "));
            page = next === undefined ? undefined : new URL(next, address).href;
        }
        return found;
    }

    private async index(where: Repository, subject: Digest): Promise<readonly unknown[]> {
        const tag = indexTag(subject);
        const index = await this.manifests.get(where, tag);
        if (index && index.mediaType !== ociIndex) {
            throw new RegistryError(
                `${nameOf(where, tag)} is ${index.mediaType}, expected the ${ociIndex} of what is about ${subject}`,
            );
        }
        return index ? (readDocument(index.bytes, nameOf(where, tag)).manifests ?? []) : [];
    }

    private async addToIndex(where: Repository, subject: Digest, manifest: Manifest): Promise<void> {
        const { mediaType, digest, size, bytes } = manifest;
        const { artifactType, annotations } = readDocument(bytes, nameOf(where, digest));
        const entry = { mediaType, digest, size, artifactType, annotations };
        const others = await this.index(where, subject);
        if (others.every((other) => (other as Partial<Piece>).digest !== digest)) {
            const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [...others, entry] };
            await this.putIndex(where, subject, Buffer.from(JSON.stringify(index)));
        }
    }

    private async putIndex(where: Repository, subject: Digest, bytes: Buffer): Promise<void> {
        const index = { digest: digestOf(bytes), mediaType: ociIndex, size: bytes.length, bytes };
        try {
            await this.manifests.put(where, index, indexTag(subject));
        } catch (error) {
            if (!(error instanceof TagMoved)) {
                throw error;
            }
            throw new RegistryError(
                `${nameOf(where, indexTag(subject))} lists what is about a manifest already, and ${formatReference(where)} lets no tag move:\n` +
                    "nothing can be added there. A registry that lists such manifests itself, as OCI 1.1 has it, takes any number.",
            );
        }
    }
}

/** Tag of the index in registries that list nothing themselves, by the distribution specification. */
export function indexTag(subject: Digest): string {
    return subject.replace(":", "-");
}
