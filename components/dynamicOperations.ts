import { recordRun } from "../core/facts/recordRun";
import { OciRegistry } from "../core/registry/client";
import { copyImages } from "../core/release/copyImages";
import type { DynamicKind } from "./dynamicResource";
import type { PromotedImagesInputs } from "./promotedImages";
import type { RecordedRunInputs } from "./recordedRun";

/** What creating or updating a resource of each kind does; both are the same, and doing it twice changes nothing. */
interface Operation {
    create(inputs: unknown): Promise<{ id: string; outs: unknown }>;
}

export const PromotedImages: Operation = {
    async create(inputs) {
        const images = inputs as PromotedImagesInputs;
        await copyImages(new OciRegistry(), images);
        return { id: images.to, outs: images };
    },
};

export const RunRecord: Operation = {
    async create(inputs) {
        const recorded = inputs as RecordedRunInputs;
        const record = await recordRun(new OciRegistry(), recorded.to, recorded.run, {
            directory: process.cwd(),
            environment: process.env,
        });
        return { id: `${record.environment}/${record.at}`, outs: recorded };
    },
};

({ PromotedImages, RunRecord }) satisfies Record<DynamicKind, Operation>;
