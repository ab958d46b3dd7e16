import type { Registry } from "../registry/model";
import type { Tier } from "../release/addresses";
import { runRecordSchema, type RunRecord } from "../release/runRecord";
import type { Written } from "../release/runRecordDocument";
import { writeRun } from "../release/runRecordStore";
import { writtenNow } from "./process";

/**
 * Writes the record of a run that has just ended healthy, with who, when, why and from which checkout as they are now.
 *
 * @param process the checkout of the operations repository, and the variables of the process that deploys
 */
export async function recordRun(
    registry: Registry,
    tier: Tier,
    run: Omit<RunRecord, "schema" | keyof Written>,
    process: { directory: string; environment: NodeJS.ProcessEnv },
): Promise<RunRecord> {
    const written = await writtenNow(process.directory, process.environment);
    const record: RunRecord = { schema: runRecordSchema, ...run, ...written };
    await writeRun(registry, tier, record);
    return record;
}
