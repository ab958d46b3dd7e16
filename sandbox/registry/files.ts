import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Digest } from "../../core/registry/reference";
import { Storage, type StoredManifest } from "./storage";

/** Looks into a registry's directory without the registry: what tests and the story claim, they read here. Changes nothing. */
export class RegistryFiles {
    private readonly storage: Storage;

    constructor(readonly directory: string) {
        this.storage = new Storage(directory);
    }

    /** Paths of all repositories that have a manifest, sorted. */
    async repositories(): Promise<string[]> {
        const root = join(this.directory, "repositories");
        const markers = (await walk(root)).filter((path) => path.includes("/_manifests/"));
        return [...new Set(markers.map((path) => relative(root, path).split("/_manifests/")[0]))].sort();
    }

    /** All tags of a repository, sorted; none where it does not exist. */
    async tags(repository: string): Promise<string[]> {
        return (await this.storage.tags(repository)) ?? [];
    }

    /** The digest that a tag means. */
    digest(repository: string, tag: string): Promise<Digest | undefined> {
        return this.storage.tagged(repository, tag);
    }

    /** A manifest of a repository, by digest. */
    manifest(repository: string, digest: Digest): Promise<StoredManifest | undefined> {
        return this.storage.manifest(repository, digest);
    }

    /** Size of a blob in bytes, where the repository has it. */
    blobSize(repository: string, digest: Digest): Promise<number | undefined> {
        return this.storage.blobSize(repository, digest);
    }

    /** Bytes of everything in the directory. */
    async totalBytes(): Promise<number> {
        const sizes = await Promise.all((await walk(this.directory)).map(async (path) => (await stat(path)).size));
        return sizes.reduce((sum, size) => sum + size, 0);
    }

    /** A hash over every name and byte in the directory, begun uploads included: equal before and after means that nothing changed. */
    async contentHash(): Promise<string> {
        const hash = createHash("sha256");
        for (const path of (await walk(this.directory)).sort()) {
            const content = createHash("sha256").update(await readFile(path));
            hash.update(`${relative(this.directory, path)}\n${content.digest("hex")}\n`);
        }
        return hash.digest("hex");
    }
}

/** Paths of all files under a folder; none where it does not exist. */
async function walk(directory: string): Promise<string[]> {
    try {
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return [];
        }
        throw error;
    }
}
