import { Refusal } from "../refusal";
import { TagMoved, type Artifact, type Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { isRunTag, runRepositories, type Tier } from "./addresses";
import { runRecordArtifactType, type RunRecord } from "./runRecord";
import { parseRun, serializeRun } from "./runRecordDocument";

/**
 * Writes the record of a healthy run. The same record again changes nothing.
 *
 * What is true of the set and of each image for ever is written first, the month next, and the run itself last: a run that can be
 * listed is complete, and a writer that was cut off before leaves nothing that a second try would contradict.
 *
 * The run's tag carries the record's time, but never one before the newest run's: records are written one after the other, so the
 * newest by tag is the newest, whatever the clocks of their writers said. {@link RunRecord.at} is kept as the writer had it.
 *
 * @returns the tag of the run, `<UTC>-<first 16 of the key>`
 */
export async function writeRun(registry: Registry, tier: Tier, record: RunRecord): Promise<string> {
    const repositories = runRepositories(tier);
    const artifact = { artifactType: runRecordArtifactType, content: serializeRun(parseRun(record)) };
    await Promise.all([
        writeFirst(registry, repositories.sets, `set-${record.set}`, artifact),
        ...Object.entries(record.images).map(([name, { digest }]) =>
            writeFirst(registry, repositories.image(name), imageTag(digest), artifact),
        ),
    ]);
    // Another writer may take the very second between the look and the tag.
    for (let attempt = 0; attempt < 10; attempt++) {
        const { tag, month, written } = await placeOf(registry, tier, record, artifact);
        if (written) {
            return tag;
        }
        await writeFirst(registry, repositories.months, month, artifact);
        try {
            await registry.pushArtifact(repositories.runs(month), artifact, [tag]);
            return tag;
        } catch (error) {
            if (!(error instanceof TagMoved)) {
                throw error;
            }
        }
    }
    throw new Error(`The run of ${record.environment} at ${record.at} was not recorded: ten other runs took its place in the list`);
}

/** The newest healthy run of an environment, by its tag. Nothing where none was recorded. */
export async function newestRun(registry: Registry, tier: Tier): Promise<RunRecord | undefined> {
    return (await recentRuns(registry, tier, 1))[0];
}

/**
 * The newest healthy runs of an environment, newest first.
 *
 * @throws Refusal where a record is there that cannot be read: to skip it would be to take an older one for the newest
 */
export async function recentRuns(registry: Registry, tier: Tier, count: number): Promise<RunRecord[]> {
    const found: string[] = [];
    for (const month of await months(registry, tier)) {
        const repository = runRepositories(tier).runs(month);
        found.push(...(await runTags(registry, tier, month)).map((tag) => `${repository}:${tag}`));
        if (found.length >= count) {
            break;
        }
    }
    return Promise.all(found.slice(0, count).map((address) => pullRun(registry, address)));
}

/** A healthy run as its tag tells it. */
export interface ListedRun {
    /** ISO 8601 in UTC with seconds. */
    at: string;
    /** `<UTC>-<first 16 of its set's key>` */
    tag: string;
    /** The first 16 digits of its set's key. */
    keyStart: string;
    /** When the next run there began to count. Absent: it is the newest. */
    next?: string;
    /** Where its record stands. */
    address: string;
}

/** The healthy runs of an environment, newest first, month by month as far as somebody reads: a month is one request. */
export async function* listedRuns(registry: Registry, tier: Tier): AsyncGenerator<ListedRun> {
    let next: string | undefined;
    for (const month of await months(registry, tier)) {
        for (const tag of await runTags(registry, tier, month)) {
            const at = momentOf(tag);
            const address = `${runRepositories(tier).runs(month)}:${tag}`;
            yield { at, tag, keyStart: tag.slice(-16), ...(next !== undefined && { next }), address };
            next = at;
        }
    }
}

/** The first healthy run that an image was part of. Nothing where it never ran there. */
export async function firstRunOf(registry: Registry, tier: Tier, name: string, digest: Digest): Promise<RunRecord | undefined> {
    const address = `${runRepositories(tier).image(name)}:${imageTag(digest)}`;
    return (await registry.resolve(address)) && pullRun(registry, address);
}

/** Whether the set had a healthy run in the environment: one request. */
export async function ranSet(registry: Registry, tier: Tier, key: string): Promise<boolean> {
    return (await registry.resolve(`${runRepositories(tier).sets}:set-${key}`)) !== undefined;
}

/** Whether the image was part of a healthy run in the environment: one request. */
export async function ranImage(registry: Registry, tier: Tier, imageName: string, digest: Digest): Promise<boolean> {
    return (await registry.resolve(`${runRepositories(tier).image(imageName)}:${imageTag(digest)}`)) !== undefined;
}

/** @throws Refusal where it is gone or cannot be read */
export async function pullRun(registry: Registry, address: string): Promise<RunRecord> {
    const what = `Run record ${address}`;
    return parseRun(await pullRecord(registry, address, runRecordArtifactType, what), what);
}

/**
 * Content of a record.
 *
 * @param what names it in a refusal
 * @throws Refusal where it is not there, or something else is
 */
export async function pullRecord(registry: Registry, address: string, artifactType: string, what: string): Promise<Buffer> {
    const found = await registry.pullArtifact(address);
    if (found?.artifactType !== artifactType) {
        const message = `is ${found ? `an artifact of type ${found.artifactType}` : "gone"}, expected ${artifactType}.`;
        throw new Refusal(`${what} cannot be read`, [{ subject: "record", message }]);
    }
    return found.content;
}

/** Where the record goes: its own second, or the one after the newest run's; and whether it stands there already. */
async function placeOf(
    registry: Registry,
    tier: Tier,
    record: RunRecord,
    artifact: Artifact,
): Promise<{ tag: string; month: string; written: boolean }> {
    const own = runTag(record.at, record.set);
    for (const month of await months(registry, tier)) {
        const tags = await runTags(registry, tier, month);
        const repository = runRepositories(tier).runs(month);
        // A first try may have been moved behind another run: then the record stands under a later second.
        for (const tag of tags.filter((other) => other >= own && other.endsWith(own.slice(-17)))) {
            const there = await registry.pullArtifact(`${repository}:${tag}`);
            if (there?.content.equals(artifact.content)) {
                return { tag, month, written: true };
            }
        }
        if (tags.length > 0) {
            const second = tags[0].slice(0, 16) >= own.slice(0, 16) ? nextSecond(tags[0]) : record.at;
            return { tag: runTag(second, record.set), month: second.slice(0, 7), written: false };
        }
    }
    return { tag: own, month: record.at.slice(0, 7), written: false };
}

/** Puts what is true for ever: who comes later leaves it as it is. */
export async function writeFirst(registry: Registry, repository: string, tag: string, artifact: Artifact): Promise<void> {
    if (await registry.resolve(`${repository}:${tag}`)) {
        return;
    }
    try {
        await registry.pushArtifact(repository, artifact, [tag]);
    } catch (error) {
        // Another writer was first, which is all that the tag says.
        if (!(error instanceof TagMoved)) {
            throw error;
        }
    }
}

/** Months that have runs, newest first. The newest may be empty still: a month is written before its first run. */
export async function months(registry: Registry, tier: Tier): Promise<string[]> {
    const tags = await registry.tags(runRepositories(tier).months);
    return tags
        .filter((tag) => /^\d{4}-\d\d$/.test(tag))
        .sort()
        .reverse();
}

/** Tags of a month's healthy runs, newest first. */
export async function runTags(registry: Registry, tier: Tier, month: string): Promise<string[]> {
    return healthyTags(await registry.tags(runRepositories(tier).runs(month)));
}

/** Those tags that are of healthy runs, newest first: beside them stand those of failed ones. */
export function healthyTags(tags: readonly string[]): string[] {
    return tags.filter(isRunTag).sort().reverse();
}

/** `<UTC>-<first 16 of the key>`. */
export function runTag(at: string, key: string): string {
    return `${at.replace(/[-:]/g, "")}-${key.slice(0, 16)}`;
}

/** The second after the one that a run's tag names, as records say it. */
export function nextSecond(tag: string): string {
    return new Date(Date.parse(momentOf(tag)) + 1000).toISOString().replace(".000Z", "Z");
}

function momentOf(tag: string): string {
    return tag.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z");
}

function imageTag(digest: Digest): string {
    return digest.replace(":", "-");
}
