import { recordRun } from "../core/facts/recordRun";
import { GithubClient } from "../core/github/client";
import { deliverFiles } from "../core/github/deliverFiles";
import type { Delivery } from "../core/github/workflowFiles";
import { OciRegistry } from "../core/registry/client";
import { copyImages } from "../core/release/copyImages";
import type { DatabaseSchema } from "../core/release/databaseSchema";
import { writeDatabaseSchema } from "../core/release/databaseSchemaStore";
import type { DynamicKind } from "./dynamicResource";
import type { PromotedImagesInputs } from "./promotedImages";
import type { ReachedSchemaInputs } from "./reachedSchema";
import type { ForeseenRun, RecordedRunInputs } from "./recordedRun";

/** What creating or updating a resource of each kind does; both are the same, and doing it twice changes nothing. */
type Operation = { create(inputs: unknown): Promise<{ id: string; outs: unknown }> };

const operations: Record<DynamicKind, Operation> = {
    PromotedImages: {
        async create(inputs) {
            const images = inputs as PromotedImagesInputs;
            await copyImages(new OciRegistry(), images.copies);
            return { id: images.to, outs: images };
        },
    },
    DatabaseSchema: {
        async create(inputs) {
            const { to, reached } = inputs as ReachedSchemaInputs;
            const schema = JSON.parse(reached) as DatabaseSchema;
            await writeDatabaseSchema(new OciRegistry(), to, schema);
            return { id: `${schema.service}/${schema.label}`, outs: inputs };
        },
    },
    RunRecord: {
        async create(inputs) {
            const { to, run } = inputs as RecordedRunInputs;
            const record = await recordRun(new OciRegistry(), to, JSON.parse(run) as ForeseenRun, {
                directory: process.cwd(),
                environment: process.env,
            });
            return { id: `${record.environment}/${record.at}`, outs: inputs };
        },
    },
    DeliveredWorkflows: {
        async create(inputs) {
            const delivery = inputs as Delivery;
            const due = Object.keys(delivery.files).length + delivery.remove.length > 0;
            const { pullRequest } = due ? await deliverFiles(GithubClient.of(process.env), delivery) : {};
            return { id: `${delivery.repository}@${delivery.branch}`, outs: { ...delivery, ...(pullRequest && { pullRequest }) } };
        },
    },
};

export = operations;
