import assert from "node:assert/strict";
import type { FailedRun } from "../../core/release/failedRun";
import { openFailures, settleFailures, writeFailedRun } from "../../core/release/failedRunStore";
import { newestRun, recentRuns, writeRun } from "../../core/release/runRecordStore";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, environmentOf, imagesOf, recordOf } from "./promotionExamples";

const stage = environmentOf("stage");
const catalog = catalogOf("cart");
const run = (at: string, start = "9f8e02b") =>
    recordOf("stage", { commit: commit(start), pins: {} }, imagesOf(catalog, commit(start)), at);
const failure = (at: string): FailedRun => ({
    schema: "oneflow.dev/failed-run/v1",
    environment: "stage",
    request: { commit: commit("3c2d91a"), pins: {} },
    set: "ab".repeat(32),
    asked: "cd".repeat(32),
    failures: [{ resource: "Deployment europe-west1-cart", message: "crashed" }],
    at,
    by: "ada",
});

describe("the records of failed runs", () => {
    it("stand beside the healthy ones, and are no run to whoever asks for those", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, stage, run("2026-11-20T09:00:00Z"));
        const tag = await writeFailedRun(registry, stage, failure("2026-11-20T10:00:00Z"));
        assert.equal(tag, "20261120T100000Z-abababababababab-failed");
        assert.deepEqual(await openFailures(registry, stage), [failure("2026-11-20T10:00:00Z")]);
        assert.equal((await newestRun(registry, stage))?.at, "2026-11-20T09:00:00Z");
        assert.equal((await recentRuns(registry, stage, 5)).length, 1);
    });

    it("say what was asked for: the release, and the rules that somebody answered for", async () => {
        const registry = new MemoryRegistry();
        const override = { rules: ["soak"], reason: "customers cannot pay" };
        const asked = {
            ...failure("2026-11-20T10:00:00Z"),
            request: { commit: commit("3c2d91a"), release: "v1.4.0", pins: {}, override },
        };
        await writeFailedRun(registry, stage, asked);
        assert.deepEqual(await openFailures(registry, stage), [asked]);
    });

    it("are open until a healthy run comes after them", async () => {
        const registry = new MemoryRegistry();
        assert.deepEqual(await openFailures(registry, stage), []);
        await writeFailedRun(registry, stage, failure("2026-10-31T23:59:59Z"));
        await writeFailedRun(registry, stage, failure("2026-11-20T10:00:00Z"));
        assert.deepEqual(
            (await openFailures(registry, stage)).map(({ at }) => at),
            ["2026-11-20T10:00:00Z", "2026-10-31T23:59:59Z"],
        );
        await writeRun(registry, stage, run("2026-11-20T11:00:00Z"));
        assert.deepEqual(await openFailures(registry, stage), []);
        await writeFailedRun(registry, stage, failure("2026-11-20T12:00:00Z"));
        assert.equal((await openFailures(registry, stage)).length, 1);
    });

    it("are open behind the newest healthy run, whatever the clock of their writer said", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, stage, run("2026-11-20T09:00:00Z"));
        const tag = await writeFailedRun(registry, stage, failure("2026-11-20T08:00:00Z"));
        assert.equal(tag, "20261120T090001Z-abababababababab-failed");
        assert.deepEqual(
            (await openFailures(registry, stage)).map(({ at }) => at),
            ["2026-11-20T08:00:00Z"],
        );
    });

    it("are settled for good by what came up without a run of its own, as a merged revert does", async () => {
        const registry = new MemoryRegistry();
        await writeFailedRun(registry, stage, failure("2026-11-20T10:00:00Z"));
        await writeFailedRun(registry, stage, failure("2026-11-20T10:00:00Z"));
        assert.equal((await openFailures(registry, stage)).length, 1);
        await settleFailures(registry, stage);
        await settleFailures(registry, stage);
        assert.deepEqual(await openFailures(registry, stage), []);
        await writeFailedRun(registry, stage, { ...failure("2026-11-20T10:00:00Z"), by: "grace" });
        assert.deepEqual(
            (await openFailures(registry, stage)).map(({ by }) => by),
            ["grace"],
        );
    });

    it("that are no such document are refused by address", async () => {
        const registry = new MemoryRegistry();
        await writeFailedRun(registry, stage, { ...failure("2026-11-20T10:00:00Z"), asked: "" });
        await assert.rejects(openFailures(registry, stage), {
            message:
                /^Failed run europe-west1-docker\.pkg\.dev\/acme-stage\/release-candidate-runs\/runs\/2026-11:20261120T100000Z-abababababababab-failed cannot be read:\n {2}asked {2}is "", expected a text\.$/,
        });
    });
});
