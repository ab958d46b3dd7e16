import { TagMoved, type Registry } from "../registry/model";
import { runRepositories, type Tier } from "./addresses";
import { type DatabaseSchema, databaseSchemaArtifactType, databaseSchemaSchema } from "./databaseSchema";
import { DocumentReader } from "./documentReader";
import { canonicalJson } from "./lock";
import { pullRecord } from "./runRecordStore";

/**
 * Where the database of a service stands in an environment. Nothing where no version with a schema ever came there: one request, and
 * one more where there is something.
 *
 * @throws Refusal where it is there and cannot be read: to skip it would be to run an old version on a schema that it does not know
 */
export async function databaseSchemaOf(registry: Registry, tier: Tier, service: string): Promise<DatabaseSchema | undefined> {
    const repository = runRepositories(tier).schemas(service);
    const [newest] = await marks(registry, repository);
    return newest === undefined ? undefined : pullMark(registry, `${repository}:${newest}`);
}

/**
 * Writes where a database stands now, behind what was written before. The same again changes nothing: each cluster of an environment
 * says it.
 */
export async function writeDatabaseSchema(registry: Registry, tier: Tier, reached: DatabaseSchema): Promise<void> {
    const repository = runRepositories(tier).schemas(reached.service);
    const content = Buffer.from(canonicalJson(reached));
    parseDatabaseSchema(content, "Database schema to write");
    // Another cluster's run may take the very number between the look and the tag.
    for (let attempt = 0; attempt < 10; attempt++) {
        const [newest] = await marks(registry, repository);
        if (newest !== undefined && canonicalJson(await pullMark(registry, `${repository}:${newest}`)) === content.toString()) {
            return;
        }
        const next = String(Number(newest ?? 0) + 1).padStart(6, "0");
        try {
            await registry.pushArtifact(repository, { artifactType: databaseSchemaArtifactType, content }, [next]);
            return;
        } catch (error) {
            if (!(error instanceof TagMoved)) {
                throw error;
            }
        }
    }
    throw new Error(
        `That the database of ${reached.service} stands at schema ${reached.label} was not written: ten others came first`,
    );
}

/** Tags of what was written, newest first. */
async function marks(registry: Registry, repository: string): Promise<string[]> {
    const tags = await registry.tags(repository);
    return tags
        .filter((tag) => /^\d{6}$/.test(tag))
        .sort()
        .reverse();
}

async function pullMark(registry: Registry, address: string): Promise<DatabaseSchema> {
    const what = `Database schema ${address}`;
    return parseDatabaseSchema(await pullRecord(registry, address, databaseSchemaArtifactType, what), what);
}

function parseDatabaseSchema(content: Buffer, what: string): DatabaseSchema {
    const reader = new DocumentReader(`${what} cannot be read`);
    const document = reader.document(content, databaseSchemaSchema);
    reader.fields("document", document, ["schema", "service", "label", "compatibleWith", "before", "by"]);
    for (const key of ["service", "label", "by"]) {
        reader.text(key, document[key]);
    }
    for (const key of ["compatibleWith", "before"]) {
        const labels = document[key];
        const holds = Array.isArray(labels) && labels.every((label) => typeof label === "string" && label !== "");
        reader.expect(key, labels, holds, "a list of labels");
    }
    reader.finish();
    return document as unknown as DatabaseSchema;
}
