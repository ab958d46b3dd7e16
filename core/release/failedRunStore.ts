import { TagMoved, type Registry } from "../registry/model";
import { runRepositories, type Tier } from "./addresses";
import { DocumentReader } from "./documentReader";
import { type FailedRun, failedRunArtifactType, failedRunSchema } from "./failedRun";
import { canonicalJson } from "./lock";
import { readRequest } from "./runRecordDocument";
import { healthyTags, months, nextSecond, pullRecord, runTag, runTags, writeFirst } from "./runRecordStore";

/**
 * Writes the record of a failed run, `<UTC>-<first 16 of the key>-failed` beside the healthy ones of its month. Its tag never carries a
 * time before the newest healthy run's.
 *
 * @returns the tag
 */
export async function writeFailedRun(registry: Registry, tier: Tier, record: FailedRun): Promise<string> {
    const repositories = runRepositories(tier);
    const artifact = { artifactType: failedRunArtifactType, content: Buffer.from(canonicalJson(record)) };
    const healthy = await newestHealthy(registry, tier);
    let second = healthy !== undefined && healthy.slice(0, 16) >= tagTime(record.at) ? nextSecond(healthy) : record.at;
    // Another writer may have taken the very second.
    for (let attempt = 0; attempt < 10; attempt++) {
        const month = second.slice(0, 7);
        const tag = `${runTag(second, record.set)}${failed}`;
        await writeFirst(registry, repositories.months, month, artifact);
        try {
            await registry.pushArtifact(repositories.runs(month), artifact, [tag]);
            return tag;
        } catch (error) {
            if (!(error instanceof TagMoved)) {
                throw error;
            }
            second = nextSecond(tag);
        }
    }
    throw new Error(
        `The failed run of ${record.environment} at ${record.at} was not recorded: ten others took its place in the list`,
    );
}

/**
 * Failed runs that nothing has settled since, newest first: no healthy run was recorded after them, and {@link settleFailures} was not
 * called.
 *
 * @throws Refusal where one cannot be read
 */
export async function openFailures(registry: Registry, tier: Tier): Promise<FailedRun[]> {
    const tags = await openTags(registry, tier);
    return Promise.all(tags.map(({ repository, tag }) => pullFailedRun(registry, `${repository}:${tag}`)));
}

/** Marks every open failure as settled: what was asked for since came up, so the same may be asked for again. */
export async function settleFailures(registry: Registry, tier: Tier): Promise<void> {
    for (const { repository, tag } of await openTags(registry, tier)) {
        const found = await registry.resolve(`${repository}:${tag}`);
        if (found) {
            await registry.tag(repository, found.digest, settledTag(tag));
        }
    }
}

const failed = "-failed";

function settledTag(tag: string): string {
    return `${tag.slice(0, -failed.length)}-settled`;
}

async function openTags(registry: Registry, tier: Tier): Promise<{ repository: string; tag: string }[]> {
    const open: { repository: string; tag: string }[] = [];
    for (const month of await months(registry, tier)) {
        const repository = runRepositories(tier).runs(month);
        const tags = await registry.tags(repository);
        const [healthy] = healthyTags(tags);
        const since = tags
            .filter((tag) => tag.endsWith(failed) && !tags.includes(settledTag(tag)) && !(healthy !== undefined && tag < healthy))
            .sort()
            .reverse();
        open.push(...since.map((tag) => ({ repository, tag })));
        if (healthy !== undefined) {
            break;
        }
    }
    return open;
}

async function newestHealthy(registry: Registry, tier: Tier): Promise<string | undefined> {
    for (const month of await months(registry, tier)) {
        const [newest] = await runTags(registry, tier, month);
        if (newest !== undefined) {
            return newest;
        }
    }
    return undefined;
}

async function pullFailedRun(registry: Registry, address: string): Promise<FailedRun> {
    const what = `Failed run ${address}`;
    return parseFailedRun(await pullRecord(registry, address, failedRunArtifactType, what), what);
}

function parseFailedRun(content: Buffer, what: string): FailedRun {
    const reader = new DocumentReader(`${what} cannot be read`);
    const record = reader.document(content, failedRunSchema);
    for (const key of ["environment", "set", "asked", "at", "by"]) {
        reader.text(key, record[key]);
    }
    readRequest(reader, record.request);
    reader.expect("failures", record.failures, Array.isArray(record.failures), "a list");
    for (const [index, failure] of Array.isArray(record.failures) ? record.failures.entries() : []) {
        const { resource, message } = reader.fields(`failures.${index}`, failure, ["resource", "message"]);
        reader.text(`failures.${index}.resource`, resource);
        reader.expect(`failures.${index}.message`, message, typeof message === "string", "a text");
    }
    reader.finish();
    return record as unknown as FailedRun;
}

function tagTime(at: string): string {
    return at.replace(/[-:]/g, "");
}
