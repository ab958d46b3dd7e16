import { DocumentReader } from "./documentReader";
import { canonicalJson, imageSet, isRelease, setKey } from "./lock";
import { readCatalog, readImages } from "./lockDocument";
import { runRecordSchema, type RunRecord } from "./runRecord";

/** Who wrote a run record, when and why: known only when it is written. */
export type Written = Pick<RunRecord, "at" | "by" | "operations" | "reason">;

/**
 * Reads a run record strictly; its set must be the key of its images.
 *
 * @param what names the record in the report: its address where it was pulled from
 * @throws Refusal with everything that is wrong with it
 */
export function parseRun(content: unknown, what = "Run record"): RunRecord {
    const reader = new DocumentReader(`${what} cannot be read`);
    const record = reader.document(content, runRecordSchema);
    reader.fields("document", record, keys);
    for (const key of ["environment", "namespace", "by"]) {
        reader.text(key, record[key]);
    }
    for (const key of ["operations", "reason"].filter((name) => record[name] !== undefined)) {
        reader.text(key, record[key]);
    }
    readRequest(reader, record.request);
    reader.expect("at", record.at, isMoment(record.at), "a UTC time with seconds, like 2026-01-31T23:59:59Z");
    reader.expect("clusters", record.clusters, Array.isArray(record.clusters), "a list");
    for (const [index, entry] of Array.isArray(record.clusters) ? record.clusters.entries() : []) {
        const cluster = reader.fields(`clusters.${index}`, entry, ["name", "region", "context"]);
        ["name", "region", "context"].forEach((key) => reader.text(`clusters.${index}.${key}`, cluster[key]));
    }
    for (const [name, release] of record.releases === undefined ? [] : Object.entries(reader.fields("releases", record.releases))) {
        reader.expect(`releases.${name}`, release, isRelease(release), "a release, v1.4.0");
    }
    const { migrated } = record;
    reader.expect("migrated", migrated, migrated === undefined || isNames(migrated), "a list of services");
    for (const [service, label] of Object.entries(record.schemas === undefined ? {} : reader.fields("schemas", record.schemas))) {
        reader.text(`schemas.${service}`, label);
    }
    readCatalog(reader, record.catalog);
    readImages(reader, record.images);
    reader.finish();

    const run = record as unknown as RunRecord;
    const key = setKey(imageSet(run.images));
    reader.expect("set", run.set, run.set === key, `${key}, the key of its images`);
    reader.finish();
    return run;
}

/** The record's canonical bytes. */
export function serializeRun(record: RunRecord): Buffer {
    return Buffer.from(canonicalJson(record));
}

/** Checks what a run was asked for: a healthy one, or one that failed. */
export function readRequest(reader: DocumentReader, value: unknown): void {
    const request = reader.fields("request", value, ["commit", "release", "pins", "override"]);
    reader.text("request.commit", request.commit);
    const { release } = request;
    reader.expect("request.release", release, release === undefined || isRelease(release), "a release, v1.4.0");
    for (const [service, commit] of Object.entries(reader.fields("request.pins", request.pins))) {
        reader.text(`request.pins.${service}`, commit);
    }
    if (request.override !== undefined) {
        const { rules, reason } = reader.fields("request.override", request.override, ["rules", "reason"]);
        reader.expect("request.override.rules", rules, isNames(rules), "a list of rules");
        reader.text("request.override.reason", reason);
    }
}

const keys = [
    ...["schema", "environment", "request", "set", "images", "releases", "catalog", "migrated", "schemas", "clusters", "namespace"],
    ...["at", "by", "operations", "reason"],
];

function isNames(value: unknown): boolean {
    return Array.isArray(value) && value.every((name) => typeof name === "string" && name !== "");
}

function isMoment(value: unknown): boolean {
    return (
        typeof value === "string" &&
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) &&
        !Number.isNaN(Date.parse(value)) &&
        new Date(value).toISOString() === value.replace("Z", ".000Z")
    );
}
