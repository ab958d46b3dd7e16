import assert from "node:assert/strict";
import { revertProposal } from "../../core/deployment/wayBack";
import { judgedWayBack } from "../../core/facts/judgedWayBack";
import { planPromotion } from "../../core/facts/planPromotion";
import { Refusal } from "../../core/refusal";
import { imageRepository } from "../../core/release/addresses";
import { writeDatabaseSchema } from "../../core/release/databaseSchemaStore";
import type { LockedImage } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { writeRun } from "../../core/release/runRecordStore";
import type { Catalog, Environment, Service, Settings } from "../../core/settings/model";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, environmentOf, lockOf, recordOf } from "./promotionExamples";

const [before, failed] = [commit("1111111"), commit("2222222")];
const dev = environmentOf("dev");

const cart = (keys: Partial<Service>): Catalog => ({ services: { cart: { ...catalogOf("cart").services.cart, ...keys } } });

/** What ran is healthy, and another commit was deployed to dev, with services that may be others. */
async function afterFailure(then: Partial<Service>, now: Partial<Service>) {
    const registry = new MemoryRegistry();
    const images = (sha: string): Record<string, LockedImage> => ({
        cart: { commit: sha, digest: registry.putImage(imageRepository(dev, "cart"), sha, [sha]) },
    });
    await pushLock(registry, dev, lockOf(before, images(before), cart(then)));
    await pushLock(registry, dev, lockOf(failed, images(failed), cart(now)));
    const record = recordOf("dev", { commit: before, pins: {} }, images(before), "2026-11-20T09:12:44Z");
    const tag = await writeRun(registry, dev, { ...record, catalog: cart(then) });
    const settings = { project: "shop", catalog: cart(now), environments: [dev], delivery } as unknown as Settings;
    const environment: Environment = { ...dev, commit: failed };
    const surroundings = { registry, variables: {}, directory: "/", now: new Date("2026-11-22T12:00:00Z") };
    const deciding = (wanted: Environment) => planPromotion(settings, wanted, surroundings);
    const plan = (await deciding(environment)).plan!;
    const back = () => judgedWayBack(registry, settings, plan, surroundings);
    return { registry, tag, settings, plan, back, deciding };
}

const delivery: Settings["delivery"] = {
    project: "acme-delivery",
    region: "europe-west1",
    deploy: "europe-west1-docker.pkg.dev/acme-delivery/deploy",
    operations: { repository: "acme/shop", branch: "main" },
};

async function none(result: ReturnType<Awaited<ReturnType<typeof afterFailure>>["back"]>): Promise<string> {
    const back = await result;
    return "none" in back ? back.none : assert.fail("there is a way back");
}

describe("the way back of a failed rollout", () => {
    it("takes this checkout's services where they are those of then", async () => {
        const { back } = await afterFailure({ replicas: 2 }, { replicas: 2 });
        const way = await back();
        assert.ok("to" in way);
        assert.deepEqual([way.to.request.commit, way.to.catalogOf], [before, undefined]);
    });

    it("renders the services of then where they are others now, and its revert keeps doing so once it is merged", async () => {
        const { back, tag, settings, plan, deciding } = await afterFailure({ replicas: 2 }, { replicas: 3 });
        const way = await back();
        assert.ok("to" in way);
        assert.equal(way.to.catalogOf, tag);
        const text = `config:\n  shop:commit: "${failed}"\n`;
        const revert = revertProposal(settings, plan, way.to, text)!;
        assert.equal(revert.text, `config:\n  shop:commit: "${before}"\n  shop:catalogOf: ${tag}\n`);
        assert.match(revert.body, new RegExp(`services are rendered as they were in the run ${tag}`));
        const { catalog, words } = await deciding({ ...dev, commit: before, catalogOf: tag });
        assert.equal(catalog?.services.cart.replicas, 2);
        assert.match(words, new RegExp(`Services are rendered as they were in the run ${tag}`));
    });

    it("is none across a migration that what ran is not declared to bear", async () => {
        const { registry, plan, back } = await afterFailure(
            { schema: "1" },
            { schema: "2", migrate: { env: {}, timeoutSeconds: 60 } },
        );
        assert.ok("to" in (await back()), "nothing was migrated yet");
        const [reached] = Object.values(plan.schemas!);
        await writeDatabaseSchema(registry, dev, { ...reached, before: ["1"] });
        assert.match(
            await none(back()),
            /^The way back to what ran before is refused:\ncart: 1111111… declares schema 1, and the database of cart in dev is at 2 since 2222222…\./,
        );
    });
});

describe("services of a run", () => {
    it("are refused with other images than that run had, and where there is no such run", async () => {
        const { tag, deciding } = await afterFailure({}, {});
        const refused = async (wanted: Environment, message: RegExp) =>
            assert.rejects(deciding(wanted), (error: Refusal) => {
                assert.deepEqual(
                    error.problems.map(({ subject, remedy }) => [subject, remedy]),
                    [["catalogOf", "pulumi config rm catalogOf -s dev   # this checkout's services.yaml is rendered again"]],
                );
                assert.match(error.problems[0].message, message);
                return true;
            });
        await refused({ ...dev, commit: failed, catalogOf: tag }, /asks for other images than that run had: cart\.$/);
        await refused(
            { ...dev, commit: before, catalogOf: "20261120T091244Z-0123456789abcdef" },
            new RegExp(`dev has no healthy run 20261120T091244Z-0123456789abcdef\\.\\nNewest healthy runs: ${tag}`),
        );
    });
});
