import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import { rules as allRules } from "../../core/promotion/rules";
import type { Rule } from "../../core/promotion/rules/rule";
import type { Plan, PromotionRequest } from "../../core/promotion/model";
import type { Problem } from "../../core/refusal";
import type { DatabaseSchema } from "../../core/release/databaseSchema";
import { databaseSchemaOf, writeDatabaseSchema } from "../../core/release/databaseSchemaStore";
import { imageRepository } from "../../core/release/addresses";
import type { LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import type { Catalog } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, environmentOf, lockOf, recordOf } from "./promotionExamples";

const dev = environmentOf("dev");

/** A version of cart: what its entry declares. */
interface Version {
    sha: string;
    schema?: string;
    compatibleWith?: string[];
}

const catalog = ({ schema, compatibleWith }: Omit<Version, "sha">): Catalog => {
    const { cart, ...others } = catalogOf("cart", "billing").services;
    const declared = { ...(schema !== undefined && { schema }), ...(compatibleWith && { compatibleWith }) };
    return { services: { cart: { ...cart, migrate: { env: {}, timeoutSeconds: 60 }, ...declared }, ...others } };
};

/** An environment in which versions of cart come and go, as the program would let them. */
class House {
    readonly registry = new MemoryRegistry();
    private minutes = 0;

    constructor(private readonly rules: readonly Rule[] = allRules) {}

    async build(version: Version): Promise<void> {
        await pushLock(this.registry, dev, lockOf(version.sha, this.images(version), catalog(version)));
    }

    async decide({ sha }: Version, here: Version, override?: PromotionRequest["override"]) {
        const request = { environment: dev, catalog: catalog(here), commit: sha, pins: {}, ...(override && { override }) };
        return decide(request, await gatherFacts(this.registry, request, { now: new Date("2026-11-22T12:00:00Z") }), this.rules);
    }

    /** Decides, migrates, and where the rollout behind it does not fail, records the run. */
    async deploy(
        version: Version,
        override?: PromotionRequest["override"],
        rollout: "healthy" | "fails" = "healthy",
    ): Promise<Plan> {
        const decision = await this.decide(version, version, override);
        assert.ok("plan" in decision, JSON.stringify(decision));
        await this.carryOut(decision.plan, version, rollout);
        return decision.plan;
    }

    async carryOut(plan: Plan, version: Version, rollout: "healthy" | "fails"): Promise<void> {
        for (const reached of Object.values(plan.schemas ?? {})) {
            await writeDatabaseSchema(this.registry, dev, reached);
        }
        if (rollout === "healthy") {
            const at = new Date(Date.UTC(2026, 10, 20, 9, this.minutes++)).toISOString().replace(".000Z", "Z");
            const record = recordOf("dev", { commit: version.sha, pins: {} }, this.images(version), at);
            const schemas = plan.schemas && { schemas: { cart: plan.schemas.cart.label } };
            await writeRun(this.registry, dev, { ...record, ...schemas, catalog: catalog(version) });
        }
    }

    async refused(version: Version, here: Version = version): Promise<readonly Problem[]> {
        const decision = await this.decide(version, here);
        return "problems" in decision ? decision.problems : [];
    }

    reached(): Promise<DatabaseSchema | undefined> {
        return databaseSchemaOf(this.registry, dev, "cart");
    }

    private images({ sha }: Version): Record<string, LockedImage> {
        const built = (name: string, content: string) => this.registry.putImage(imageRepository(dev, name), content, [sha]);
        return { cart: { commit: sha, digest: built("cart", sha) }, billing: { commit: sha, digest: built("billing", "same") } };
    }
}

const six = { sha: commit("6666666"), schema: "6" };
const seven = { sha: commit("7777777"), schema: "7" };
const eight = { sha: commit("8888888"), schema: "8", compatibleWith: ["7"] };
const unlabelled = { sha: commit("1111111") };

describe("the schema of a service's database", () => {
    let house: House;
    beforeEach(async () => {
        house = new House();
        for (const version of [six, seven, eight, unlabelled]) {
            await house.build(version);
        }
    });

    it("moves on with the version that migrates it, and stays where it is on the way back", async () => {
        await house.deploy(six);
        assert.deepEqual(await house.reached(), {
            schema: "oneflow.dev/database-schema/v1",
            service: "cart",
            label: "6",
            compatibleWith: [],
            before: [],
            by: six.sha,
        });
        await house.deploy(seven);
        await house.deploy(eight);
        const plan = await house.deploy(seven);
        assert.equal(plan.direction, "rollback");
        assert.deepEqual(plan.migrations.due, []);
        assert.ok(
            plan.notes.includes("cart of schema 7 runs on schema 8, which its database is at: a migration is never undone"),
            plan.notes.join("\n"),
        );
        const { label, before, compatibleWith } = (await house.reached())!;
        assert.deepEqual({ label, before, compatibleWith }, { label: "8", before: ["6", "7"], compatibleWith: ["7"] });
    });

    it("keeps a version of an earlier schema away, whatever ran here, unless the newer declares it compatible", async () => {
        await house.deploy(six);
        await house.deploy(seven);
        assert.deepEqual(await house.refused(six, seven), [
            {
                subject: "cart",
                message: [
                    "6666666… declares schema 6, and the database of cart in dev is at 7 since 7777777….",
                    "A migration is never undone, and 7 is declared to be compatible with no other.",
                ].join("\n"),
                remedy: [
                    'write "6" into services.cart.compatibleWith of services.yaml, if versions of it can run on 7',
                    "or: promote a version of schema 7",
                    'or: ONEFLOW_OVERRIDE=schema ONEFLOW_REASON="…" pulumi up -s dev',
                ].join("\n"),
            },
        ]);
        assert.deepEqual(await house.refused(six, { ...seven, compatibleWith: ["6"] }), []);
        const asThen = { environment: dev, catalog: catalog(six), commit: six.sha, pins: {} };
        const facts = await gatherFacts(house.registry, asThen, { now: new Date("2026-11-22T12:00:00Z") });
        const checkout = (version: Version) => decide({ ...asThen, checkout: catalog(version) }, facts);
        assert.deepEqual(checkout(seven), { problems: await house.refused(six, seven) });
        assert.ok("plan" in checkout({ ...seven, compatibleWith: ["6"] }));
        const plan = await house.deploy(six, { rules: ["schema"], reason: "7 only added a column" });
        assert.deepEqual(plan.request.override, { rules: ["schema"], reason: "7 only added a column" });
        assert.deepEqual(plan.migrations, { due: [], done: [] });
    });

    it("does not take what one schema is compatible with for what the next one is", async () => {
        await house.deploy(six);
        await house.deploy(seven);
        await house.deploy(eight);
        await house.deploy(seven);
        assert.match(
            (await house.refused(six, eight))[0].message,
            /is at 8 since 8888888….\n.* 8 is declared to be compatible with 7 alone\.$/,
        );
        assert.deepEqual(await house.refused(eight), []);
    });

    it("is past a version that comes as a new commit too, and runs no migration of it", async () => {
        const mended = { sha: commit("6a6a6a6"), schema: "6" };
        await house.build(mended);
        await house.deploy(six);
        await house.deploy({ ...seven, compatibleWith: ["6"] });
        assert.equal((await house.refused(mended))[0].subject, "cart");
        const decision = await house.decide(mended, { ...seven, compatibleWith: ["6"] });
        assert.ok("plan" in decision);
        assert.equal(decision.plan.direction, "forward");
        assert.deepEqual(decision.plan.migrations, { due: [], done: [] });
        assert.equal(decision.plan.schemas?.cart.label, "7");
    });

    it("is known after a rollout that failed behind its migration, so the way back stops there", async () => {
        await house.deploy(six);
        await house.deploy(seven, undefined, "fails");
        assert.match((await house.refused(six, seven))[0].message, /the database of cart in dev is at 7 since 7777777…\./);
        assert.deepEqual(await house.refused(six, { ...seven, compatibleWith: ["6"] }), []);
        await house.deploy(six, { rules: ["schema"], reason: "7 only added a column" });
        assert.deepEqual(await house.refused(six, seven), [], "what runs on the newer schema already may go on");
    });

    it("bears what the newest version that came to it declares, though no rollout here was healthy before", async () => {
        const retracted = { sha: commit("8a8a8a8"), schema: "8" };
        await house.build(retracted);
        await house.deploy(eight, undefined, "fails");
        await house.deploy(retracted);
        assert.deepEqual((await house.reached())!.compatibleWith, []);
        assert.equal((await house.refused(seven, retracted))[0].subject, "cart");
    });

    it("stops what declares no schema once there is one, and is not asked about before", async () => {
        const plan = await house.deploy(unlabelled);
        assert.equal(plan.schemas, undefined);
        await house.deploy(six);
        assert.match((await house.refused(unlabelled, six))[0].message, /^1111111… declares no schema, and the database/);
        assert.deepEqual(await house.refused(unlabelled, { ...six, compatibleWith: ["none"] }), []);
    });
});

/** A version more, of the newest schema or of one more; or a deployment of one that was built. */
type Happening =
    { kind: "build"; migrates: boolean; compatible: boolean } | { kind: "deploy"; version: number; rollout: "healthy" | "fails" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
    fc.record({ kind: fc.constant("build" as const), migrates: fc.boolean(), compatible: fc.boolean() }),
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("deploy" as const),
            version: fc.nat({ max: 20 }),
            rollout: fc.constantFrom("healthy" as const, "healthy" as const, "fails" as const),
        }),
    },
);
const histories = fc.array(happening, { minLength: 30, maxLength: 40, size: "max" });
const runs = Number(process.env.ONEFLOW_HISTORIES ?? 20);

/**
 * What the databases of a team went through, which reads no rule: schemas are numbers here, each written down by the migration that
 * really runs, and a version that comes to a newer one than its own must have been declared to bear it.
 */
async function live(
    happenings: readonly Happening[],
    rules: readonly Rule[],
    tally: { back: number; refused: number },
): Promise<void> {
    await turn();
    const house = new House(rules);
    const versions: (Version & { schema: string })[] = [];
    const build = async (schema: number, compatible: boolean) => {
        const version = {
            sha: String(versions.length + 1).padStart(40, "0"),
            schema: String(schema),
            ...(compatible && { compatibleWith: [String(schema - 1)] }),
        };
        versions.push(version);
        await house.build(version);
    };
    await build(1, false);
    let database = { at: 0, bears: [] as readonly string[] };
    for (const one of happenings) {
        if (one.kind === "build") {
            await build(Number(versions.at(-1)!.schema) + (one.migrates ? 1 : 0), one.compatible);
            continue;
        }
        const version = versions[one.version % versions.length];
        const decision = await house.decide(version, version);
        if ("problems" in decision) {
            const [{ message, remedy = "" }] = decision.problems;
            const others = database.bears.length === 0 ? "no other" : `${database.bears.join()} alone`;
            for (const told of [`declares schema ${version.schema},`, `is at ${database.at} since`, `compatible with ${others}.`]) {
                assert.ok(message.includes(told), `${told} ${message}`);
            }
            assert.doesNotMatch(remedy, /write/, "only the entry of a newer version could declare it");
            tally.refused++;
            continue;
        }
        const { plan } = decision;
        const schema = Number(version.schema);
        if (plan.migrations.due.includes("cart") && schema >= database.at) {
            database = { at: schema, bears: version.compatibleWith ?? [] };
        }
        assert.ok(schema >= database.at || database.bears.includes(version.schema), `${schema} came to ${database.at}, undeclared`);
        assert.ok(schema <= database.at, `${schema} came to ${database.at}, which nothing migrated to it`);
        tally.back += schema < database.at ? 1 : 0;
        await house.carryOut(plan, version, one.rollout);
        assert.equal((await house.reached())?.label, String(database.at), "what is written is what happened");
    }
}

describe("any history of versions, migrations, failed rollouts and ways back", () => {
    it("runs no version on a newer schema than its own, unless that is declared, and none before its migration", async () => {
        const tally = { back: 0, refused: 0 };
        await fc.assert(
            fc.asyncProperty(histories, (happenings) => live(happenings, allRules, tally)),
            { seed: 20260131, numRuns: runs, endOnFailure: process.env.ONEFLOW_MUTANT !== undefined },
        );
        assert.ok(Math.min(tally.back, tally.refused) > 5, `too little happened: ${JSON.stringify(tally)}`);
    }).timeout(30_000 + runs * 1000);

    it("does, once the rule is taken away", async () => {
        const others = allRules.filter(({ name }) => name !== "schema");
        const { errorInstance } = await fc.check(
            fc.asyncProperty(histories, (happenings) => live(happenings, others, { back: 0, refused: 0 })),
            { seed: 20260131, numRuns: 60, endOnFailure: true },
        );
        assert.match(String(errorInstance), /came to \d+, undeclared/);
    }).timeout(30_000);
});
