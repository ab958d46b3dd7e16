import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal } from "../../core/refusal";
import type { RunRecord } from "../../core/release/runRecord";
import { parseRun, serializeRun } from "../../core/release/runRecordDocument";
import { newestRun, ranImage, ranSet, recentRuns, writeRun } from "../../core/release/runRecordStore";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, imagesOf, recordOf } from "./promotionExamples";

const prod = environmentOf("prod");
const base = "europe-west1-docker.pkg.dev/acme-prod/stable-runs";
const catalog = catalogOf("cart", "checkout");
const record = runOf("9f8e02b", "2026-01-31T23:59:59Z");

describe("a run record", () => {
    it("reads back from its bytes as it was", () => {
        const full = { ...record, operations: commit("0b5"), reason: "customers wait" };
        assert.deepEqual(parseRun(serializeRun(full)), full);
    });

    it("keeps the rules that somebody answered for, and why", () => {
        const override = { rules: ["soak", "freeze"], reason: "customers cannot pay" };
        const overridden = { ...record, request: { ...record.request, override } };
        assert.deepEqual(parseRun(serializeRun(overridden)), overridden);
        assert.throws(
            () =>
                parseRun({ ...record, request: { ...record.request, override: { rules: [7], reason: "" } } }, "Run record of prod"),
            new Refusal("Run record of prod cannot be read", [
                { subject: "request.override.rules", message: "is [7], expected a list of rules." },
                { subject: "request.override.reason", message: 'is "", expected a text.' },
            ]),
        );
    });

    it("says which release was asked for, where one was", () => {
        const released = { ...record, request: { ...record.request, release: "v1.4.0" } };
        assert.deepEqual(parseRun(serializeRun(released)), released);
        assert.throws(
            () => parseRun({ ...record, request: { ...record.request, release: "1.4.0" } }, "Run record of prod"),
            new Refusal("Run record of prod cannot be read", [
                { subject: "request.release", message: 'is "1.4.0", expected a release, v1.4.0.' },
            ]),
        );
    });

    it("is refused with everything that is wrong with it", () => {
        const broken = {
            ...record,
            environment: "",
            at: "2026-02-30T00:00:00Z",
            request: { commit: 7, pins: { cart: "" } },
            clusters: [{}],
        };
        assert.throws(
            () => parseRun(broken, "Run record of prod"),
            new Refusal("Run record of prod cannot be read", [
                { subject: "environment", message: 'is "", expected a text.' },
                { subject: "request.commit", message: "is 7, expected a text." },
                { subject: "request.pins.cart", message: 'is "", expected a text.' },
                {
                    subject: "at",
                    message: 'is "2026-02-30T00:00:00Z", expected a UTC time with seconds, like 2026-01-31T23:59:59Z.',
                },
                { subject: "clusters.0.name", message: "is absent, expected a text." },
                { subject: "clusters.0.region", message: "is absent, expected a text." },
                { subject: "clusters.0.context", message: "is absent, expected a text." },
            ]),
        );
    });

    it("cannot claim another set than its images make", () => {
        const images = { ...record.images, cart: { commit: commit("e"), digest: digest("e") } };
        assert.throws(
            () => parseRun({ ...record, images }),
            /set +is "[0-9a-f]{64}", expected [0-9a-f]{64}, the key of its images/,
        );
    });
});

describe("an environment's run records", () => {
    it("are found as the newest run, by their set and by each image", async () => {
        const registry = new MemoryRegistry();
        assert.equal(await newestRun(registry, prod), undefined);
        assert.equal(await ranSet(registry, prod, record.set), false);
        assert.equal(await ranImage(registry, prod, "cart", record.images.cart.digest), false);

        assert.equal(await writeRun(registry, prod, record), `20260131T235959Z-${record.set.slice(0, 16)}`);
        assert.deepEqual(await newestRun(registry, prod), record);
        assert.equal(await ranSet(registry, prod, record.set), true);
        assert.equal(await ranImage(registry, prod, "cart", record.images.cart.digest), true);
        assert.equal(await ranImage(registry, prod, "checkout", record.images.cart.digest), false);
    });

    it("stand under the tags that were agreed on", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, prod, record);
        const { cart, checkout } = record.images;
        assert.deepEqual(
            registry.contents().flatMap((line) => (line.includes(" ") ? [line.split(" ")[0]] : [])),
            [
                `${base}/images/cart:${cart.digest.replace(":", "-")}`,
                `${base}/images/checkout:${checkout.digest.replace(":", "-")}`,
                `${base}/months:2026-01`,
                `${base}/runs/2026-01:20260131T235959Z-${record.set.slice(0, 16)}`,
                `${base}/sets:set-${record.set}`,
            ],
        );
    });

    it("do not change when the same record is written again", async () => {
        const registry = new MemoryRegistry();
        const tag = await writeRun(registry, prod, record);
        const contents = registry.contents();
        assert.equal(await writeRun(registry, prod, record), tag);
        assert.deepEqual(registry.contents(), contents);
    });

    it("keep the first run of a set and of an image when it runs again", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, prod, record);
        const first = registry.meaning(`${base}/sets:set-${record.set}`);
        const again = { ...record, at: "2026-02-01T08:00:00Z", reason: "back again" };
        await writeRun(registry, prod, again);
        assert.equal(registry.meaning(`${base}/sets:set-${record.set}`), first);
        assert.deepEqual(await newestRun(registry, prod), again);
    });

    it("are listed newest first, across months, and no more than asked for", async () => {
        const registry = new MemoryRegistry();
        const runs = ["2025-12-24T18:00:00Z", "2026-01-01T00:00:00Z", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z"].map(
            (at, index) => runOf(`a${index}`, at),
        );
        for (const run of runs) {
            await writeRun(registry, prod, run);
        }
        assert.deepEqual(await recentRuns(registry, prod, 3), [runs[3], runs[2], runs[1]]);
        assert.deepEqual(await recentRuns(registry, prod, 9), [...runs].reverse());
    });

    it("of two runs in one second are both kept, the later one under the next second", async () => {
        const registry = new MemoryRegistry();
        const other = runOf("0c0ffee", record.at);
        const sameSet = { ...record, by: "grace" };
        await writeRun(registry, prod, record);
        assert.equal(await writeRun(registry, prod, other), `20260201T000000Z-${other.set.slice(0, 16)}`);
        assert.equal(await writeRun(registry, prod, sameSet), `20260201T000001Z-${record.set.slice(0, 16)}`);
        assert.deepEqual(await recentRuns(registry, prod, 9), [sameSet, other, record]);
        assert.equal(await writeRun(registry, prod, sameSet), `20260201T000001Z-${record.set.slice(0, 16)}`);
    });

    it("stay in the order in which they were written when a writer's clock is behind, and keep its time as it had it", async () => {
        const registry = new MemoryRegistry();
        const late = runOf("0c0ffee", "2026-01-31T23:50:00Z");
        await writeRun(registry, prod, record);
        await writeRun(registry, prod, late);
        assert.deepEqual(await newestRun(registry, prod), late);
        assert.equal((await newestRun(registry, prod))?.at, "2026-01-31T23:50:00Z");
    });

    it("give way to another writer that takes their second between the look and the tag", async () => {
        const registry = new MemoryRegistry();
        const tag = `20260131T235959Z-${record.set.slice(0, 16)}`;
        const other = { ...record, by: "grace" };
        registry.beforePut = (call) => {
            if (call === `put ${base}/months:2026-01`) {
                registry.beforePut = () => undefined;
                const artifact = { artifactType: "application/vnd.oneflow.run.v1+json", content: serializeRun(record) };
                void registry.pushArtifact(`${base}/runs/2026-01`, artifact, [tag]);
            }
        };
        assert.equal(await writeRun(registry, prod, other), `20260201T000000Z-${record.set.slice(0, 16)}`);
    });

    it("do not count records of failed runs", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, prod, record);
        registry.putImage(`${base}/runs/2026-01`, "failed", [`20260131T235960Z-${record.set.slice(0, 16)}-failed`]);
        assert.deepEqual(await recentRuns(registry, prod, 9), [record]);
    });

    it("are refused rather than passed over where the newest cannot be read", async () => {
        const registry = new MemoryRegistry();
        await writeRun(registry, prod, record);
        const tag = `20260201T000000Z-${record.set.slice(0, 16)}`;
        await registry.pushArtifact(
            `${base}/runs/2026-01`,
            { artifactType: "application/vnd.oneflow.run.v1+json", content: Buffer.from("{") },
            [tag],
        );
        await assert.rejects(newestRun(registry, prod), {
            name: "Refusal",
            message: new RegExp(`runs/2026-01:${tag} cannot be read`),
        });
    });

    it("are absent or complete wherever a writer is cut off, and a second try ends the same", async () => {
        const undisturbed = new MemoryRegistry();
        let puts = 0;
        undisturbed.beforePut = () => void puts++;
        await writeRun(undisturbed, prod, record);
        await fc.assert(
            fc.asyncProperty(fc.integer({ min: 0, max: puts - 1 }), async (survived) => {
                const registry = new MemoryRegistry();
                let count = 0;
                registry.beforePut = () => {
                    if (count++ === survived) {
                        throw new Error("cut off");
                    }
                };
                await assert.rejects(writeRun(registry, prod, record), /cut off/);
                const there = await newestRun(registry, prod);
                assert.equal(there, undefined);
                registry.beforePut = () => undefined;
                await writeRun(registry, prod, record);
                assert.deepEqual(registry.contents(), undisturbed.contents());
            }),
            { seed: 3, numRuns: 2 * puts },
        );
    });
});

function runOf(start: string, at: string): RunRecord {
    const sha = commit(start);
    return recordOf("prod", { commit: sha, pins: {} }, imagesOf(catalog, sha), at);
}
