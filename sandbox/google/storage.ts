import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Cloud, Identity } from "../providers/cloud";
import { apiFailure, denied } from "./failure";

/** An object as Cloud Storage describes it. */
export interface StoredObject {
    kind: "storage#object";
    bucket: string;
    name: string;
    size: string;
    contentType: string;
    generation: string;
    metageneration: string;
    md5Hash: string;
    etag: string;
    timeCreated: string;
    updated: string;
}

/** What a listing of a bucket answers. */
export interface Listing {
    kind: "storage#objects";
    items: StoredObject[];
    prefixes: string[];
}

/**
 * Plays Cloud Storage over folders: an object is a file, as Pulumi's own file backend keeps it, so that a state is one and the same
 * whether it is reached as a folder or as a bucket. What the caller may not do is refused, bucket by bucket.
 */
export class Storage {
    constructor(
        private readonly cloud: Cloud,
        /** Folder of a bucket. Nothing where the bucket holds no state. */
        private readonly folder: (bucket: string) => string | undefined,
        private readonly caller: Identity,
    ) {}

    bucket(bucket: string): object {
        this.require("storage.buckets.get", bucket);
        const { location } = this.cloud.resource<{ location: string }>(`buckets/${bucket}`)!;
        return { kind: "storage#bucket", id: bucket, name: bucket, location, storageClass: "STANDARD", metageneration: "1" };
    }

    /** Objects whose names begin with a prefix, sorted; those with the delimiter behind it as what they have up to it. */
    list(bucket: string, prefix: string, delimiter: string): Listing {
        this.require("storage.objects.list", bucket);
        const items: StoredObject[] = [];
        const prefixes = new Set<string>();
        for (const name of this.names(bucket).filter((one) => one.startsWith(prefix))) {
            const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
            if (end < 0) items.push(this.described(bucket, name));
            else prefixes.add(name.slice(0, end + delimiter.length));
        }
        return { kind: "storage#objects", items, prefixes: [...prefixes] };
    }

    describe(bucket: string, name: string): StoredObject {
        this.require("storage.objects.get", bucket, name);
        return this.described(bucket, name);
    }

    read(bucket: string, name: string): { object: StoredObject; content: Buffer } {
        this.require("storage.objects.get", bucket, name);
        return { object: this.described(bucket, name), content: readFileSync(this.file(bucket, name)) };
    }

    write(bucket: string, name: string, content: Buffer): StoredObject {
        this.require("storage.objects.create", bucket, name);
        const file = this.file(bucket, name);
        // To write over an object is to delete what was there.
        if (statSync(file, { throwIfNoEntry: false })) this.require("storage.objects.delete", bucket, name);
        mkdirSync(dirname(file), { recursive: true });
        const next = `${file}.${createHash("sha256").update(content).digest("hex").slice(0, 8)}.next`;
        writeFileSync(next, content);
        renameSync(next, file);
        return this.described(bucket, name);
    }

    copy(from: { bucket: string; name: string }, to: { bucket: string; name: string }): StoredObject {
        return this.write(to.bucket, to.name, this.read(from.bucket, from.name).content);
    }

    delete(bucket: string, name: string): void {
        this.require("storage.objects.delete", bucket, name);
        this.described(bucket, name);
        rmSync(this.file(bucket, name));
    }

    private described(bucket: string, name: string): StoredObject {
        const file = this.file(bucket, name);
        const found = statSync(file, { throwIfNoEntry: false });
        if (!found?.isFile()) throw apiFailure(404, "NOT_FOUND", `No such object: ${bucket}/${name}`);
        const md5Hash = createHash("md5").update(readFileSync(file)).digest("base64");
        const updated = found.mtime.toISOString();
        const generation = String(Math.round(found.mtimeMs * 1000));
        const [contentType, metageneration, etag] = ["application/octet-stream", "1", generation];
        const size = String(found.size);
        return {
            ...{ kind: "storage#object", bucket, name, size, contentType, generation, metageneration, md5Hash, etag },
            ...{ timeCreated: updated, updated },
        };
    }

    private names(bucket: string): string[] {
        const base = this.place(bucket);
        if (!statSync(base, { throwIfNoEntry: false })) return [];
        return readdirSync(base, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile() && !entry.name.endsWith(".next"))
            .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(base.length + 1))
            .sort();
    }

    private file(bucket: string, name: string): string {
        return join(this.place(bucket), name);
    }

    private place(bucket: string): string {
        const folder = this.folder(bucket);
        if (this.cloud.resource(`buckets/${bucket}`) === undefined || folder === undefined) {
            throw apiFailure(404, "NOT_FOUND", "The specified bucket does not exist.");
        }
        return folder;
    }

    private require(permission: string, bucket: string, name?: string): void {
        this.place(bucket);
        if (name !== undefined) requireName(name);
        const { member, sets = [] } = this.caller;
        const resource = `buckets/${bucket}${name === undefined ? "" : `/objects/${name}`}`;
        if ([member, ...sets].some((one) => this.cloud.allows(one, permission, resource))) return;
        const what = name === undefined ? "bucket" : "object";
        throw denied(
            permission,
            resource,
            "storage.googleapis.com",
            `${member.replace(/^\w+:/, "")} does not have ${permission} access to the Google Cloud Storage ${what}. Permission '${permission}' denied on resource (or it may not exist).`,
        );
    }
}

/** @throws GoogleFailure where a name would lead out of the bucket's folder */
function requireName(name: string): void {
    if (name.split("/").some((part) => part === "" || part === "." || part === "..")) {
        throw apiFailure(400, "INVALID_ARGUMENT", `The sandbox keeps no object by the name ${JSON.stringify(name)}.`);
    }
}
