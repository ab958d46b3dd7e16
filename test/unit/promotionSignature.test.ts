import assert from "node:assert/strict";
import fc from "fast-check";
import { gatherFacts } from "../../core/facts/promotionFacts";
import { decide } from "../../core/promotion/decide";
import type { PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import type { Problem } from "../../core/refusal";
import type { Descriptor } from "../../core/registry/model";
import { RegistryError } from "../../core/registry/model";
import { imageRepository } from "../../core/release/addresses";
import { imageSet, type LockedImage, setKey } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { publishRelease } from "../../core/release/publish";
import { pullRelease } from "../../core/release/releaseStore";
import { writeRun } from "../../core/release/runRecordStore";
import type { Signatures } from "../../core/release/signatureStore";
import { bundleType } from "../../core/signing/envelope";
import type { Rejection } from "../../core/signing/verify";
import { MemoryRegistry } from "./memoryRegistry";
import { catalogOf, commit, digest, environmentOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";
import { deploy, releaseOf } from "./releaseFixture";
import { LocalKey, provenance } from "./signingFixture";

const [dev, stage] = (["dev", "stage"] as const).map(environmentOf);
const key = new LocalKey();
const other = new LocalKey();
const { fingerprint } = key.public;
const old = commit("3c2d91a");
const wanted = commit("9f8e02b");
const catalog = catalogOf("cart", "checkout");
const images = (sha: string, seed: string): Record<string, LockedImage> => ({
    cart: { commit: sha, digest: digest(`ca${seed}`) },
    checkout: { commit: old, digest: digest("c0") },
});
const override = 'ONEFLOW_OVERRIDE=signature ONEFLOW_REASON="…" pulumi up -s stage';

/** stage takes signed releases, runs {@link old}, and is asked for v1.4.0, which dev ran. */
const request: PromotionRequest = {
    environment: { ...stage, signed: true },
    before: dev,
    catalog,
    commit: "",
    release: "v1.4.0",
    pins: {},
    signers: [key.public],
};
const facts: PromotionFacts = {
    ...nothingKnown,
    locks: { "v1.4.0": lockOf(wanted, images(wanted, "2"), catalog), [wanted]: lockOf(wanted, images(wanted, "2"), catalog) },
    current: recordOf("stage", { commit: old, pins: {} }, images(old, "1"), "2026-01-31T12:00:00Z"),
    ranBefore: new Set([setKey(imageSet(images(wanted, "2")))]),
};
const signatures = (found: Signatures): PromotionFacts => ({ ...facts, signatures: { "v1.4.0": found } });
const problems = (asked: PromotionRequest, known: PromotionFacts): readonly Problem[] => {
    const decision = decide(asked, known);
    return "problems" in decision ? decision.problems : [];
};

describe("Where an environment takes signed releases,", () => {
    const unsigned = (words: string) => [
        {
            subject: "signature",
            message: `v1.4.0 has no signature that stage accepts.\n${words}\nAccepted: ${fingerprint}.`,
            remedy: `npx oneflow release v1.4.0 --publish   # as the releaser: signs it\nor: ${override}`,
        },
    ];

    it("a release that an accepted key signed comes, whatever else was put beside it", () => {
        assert.deepEqual(problems(request, signatures({ by: fingerprint, rejected: [] })), []);
        const rejected: Rejection[] = [{ why: "damaged", detail: "is not JSON" }];
        assert.deepEqual(problems(request, signatures({ by: fingerprint, rejected })), []);
    });

    const reasons: [string, Rejection[], string][] = [
        ["nobody signed", [], "It was never signed, or its signature was taken away."],
        [
            "another key signed",
            [{ why: "otherKey", key: other.public.fingerprint }],
            `A signature names the key ${other.public.fingerprint}, which is not accepted.`,
        ],
        [
            "has the signature of another one",
            [{ why: "otherSubject", subject: digest("6") }],
            `A signature is about ${digest("6")}, which is another release: somebody put it there.`,
        ],
        [
            "is only described",
            [{ why: "otherStatement", says: "application/json" }],
            "A signature says something else than how a release was made: application/json.",
        ],
        [
            "has a signature that was damaged",
            [{ why: "damaged", detail: "holds something else besides" }],
            "A signature holds something else besides: it was damaged or forged.",
        ],
        [
            "has several that are not taken",
            [
                { why: "otherKey", key: other.public.fingerprint },
                { why: "damaged", detail: "is not JSON" },
            ],
            `A signature names the key ${other.public.fingerprint}, which is not accepted.\nA signature is not JSON: it was damaged or forged.`,
        ],
    ];
    for (const [name, rejected, words] of reasons) {
        it(`a release is refused that ${name}`, () => {
            assert.deepEqual(problems(request, signatures({ rejected })), unsigned(words));
        });
    }

    it("nothing is known of a release, it is refused as one that nobody signed", () => {
        assert.deepEqual(problems(request, facts), unsigned("It was never signed, or its signature was taken away."));
    });

    it("every accepted key is named, and that there is none", () => {
        const [{ message }] = problems({ ...request, signers: [key.public, other.public] }, facts);
        assert.ok(message.endsWith(`\nAccepted: ${fingerprint} or ${other.public.fingerprint}.`), message);
        const [none] = problems({ ...request, signers: [] }, { ...facts, alternatives: ["v1.3.0"] });
        assert.deepEqual(none.message.split("\n").slice(2), [
            "Accepted: no key, platform.signing.publicKeys is empty.",
            "Newest releases that ran healthy in dev: v1.3.0",
        ]);
    });

    const asked = { ...request, commit: wanted, release: undefined };

    it("a commit is refused, with the release to cut", () => {
        assert.deepEqual(problems(asked, facts), [
            {
                subject: "commit",
                message: "stage takes signed releases, and 9f8e02b… is a commit, which nobody signs.",
                remedy:
                    `npx oneflow release v<next> --commit ${wanted}   # then: pulumi config set commit v<next> -s stage && pulumi up -s stage\n` +
                    `or: pulumi config set --path environment.signed false -s stage\nor: ${override}`,
            },
        ]);
    });

    it("a pin is refused as the commit that it is, and the release beside it is taken", () => {
        const pin = commit("71c44d0");
        const pinned = { ...request, pins: { checkout: pin } };
        const lock = lockOf(pin, { ...images(pin, "1"), checkout: { commit: pin, digest: digest("c02") } }, catalog);
        const known = {
            ...signatures({ by: fingerprint, rejected: [] }),
            locks: { ...facts.locks, [pin]: lock },
            imagesRanBefore: new Set([`cart@${digest("ca2")}`, `checkout@${digest("c02")}`]),
        };
        assert.deepEqual(
            problems(pinned, known).map(({ subject, message }) => [subject, message]),
            [["pins.checkout", "stage takes signed releases, and 71c44d0… is a commit, which nobody signs."]],
        );
    });

    it("keeps the laws of signatures: whatever is asked for, exactly what comes unsigned is refused", () => {
        const found = fc.constantFrom<Signatures | undefined>(
            undefined,
            { rejected: [] },
            { rejected: [{ why: "damaged", detail: "is not JSON" }] },
            { by: fingerprint, rejected: [] },
        );
        const pin = commit("71c44d0");
        const situation = fc.record({
            found,
            signed: fc.boolean(),
            release: fc.boolean(),
            changes: fc.boolean(),
            pinned: fc.constantFrom("not", "to the same image", "to another image"),
            ranHere: fc.boolean(),
            signers: fc.subarray([key.public, other.public]),
        });
        const check = fc.property(situation, ({ found, signed, release, changes, pinned, ranHere, signers }) => {
            const cart = images(wanted, changes ? "2" : "1");
            const checkout = { commit: pin, digest: digest(pinned === "to another image" ? "c02" : "c0") };
            const set = imageSet({ ...cart, ...(pinned !== "not" && { checkout }) });
            const whole = lockOf(wanted, cart, catalog);
            const refused = problems(
                {
                    ...(release ? request : asked),
                    environment: { ...stage, ...(signed && { signed }) },
                    pins: pinned === "not" ? {} : { checkout: pin },
                    signers,
                },
                {
                    ...facts,
                    locks: { "v1.4.0": whole, [wanted]: whole, [pin]: lockOf(pin, { ...cart, checkout }, catalog) },
                    ranHere: new Set(ranHere ? [setKey(set)] : []),
                    ...(found && { signatures: { "v1.4.0": found } }),
                },
            ).filter(({ message }) => /no signature that|takes signed/.test(message));

            const judged = signed && !ranHere;
            const unsigned = judged && changes && !(release && found?.by);
            assert.deepEqual(
                refused.map(({ subject }) => subject),
                [
                    ...(unsigned ? [release ? "signature" : "commit"] : []),
                    ...(judged && pinned === "to another image" ? ["pins.checkout"] : []),
                ],
            );
            if (unsigned && release) {
                const [{ message }] = refused;
                const damaged = (found?.rejected ?? []).length > 0;
                assert.equal(message.includes("It was never signed"), !damaged);
                assert.equal(message.includes("it was damaged or forged"), damaged);
                assert.equal(message.includes("publicKeys is empty"), signers.length === 0);
            }
        });
        fc.assert(check, { seed: 20260131, numRuns: 300 });
    });

    it("what changes nothing, and what ran healthy here before, needs no signature", () => {
        const ranHere = new Set([setKey(imageSet(images(wanted, "2")))]);
        assert.deepEqual(problems(asked, { ...facts, ranHere }), []);
        const running = recordOf("stage", { commit: wanted, pins: {} }, images(wanted, "2"), "2026-01-31T12:00:00Z");
        assert.deepEqual(problems(request, { ...facts, current: running }), []);
    });

    it("somebody may answer for a release without one, with a reason", () => {
        const answered = { ...request, override: { rules: ["signature"], reason: "the key's project is suspended" } };
        const decision = decide(answered, facts);
        assert.ok("plan" in decision);
        assert.deepEqual(decision.plan.notes, ["Overridden: signature, because: the key's project is suspended"]);
    });

    it("and elsewhere nobody asks", () => {
        assert.deepEqual(problems({ ...request, environment: stage }, facts), []);
    });
});

describe("The signatures of a release", () => {
    let registry: MemoryRegistry;
    let release: Descriptor;
    const repository = `${deploy}/shop`;
    const place = { deploy, project: "shop" };
    const asked = { ...request, releases: place };
    const attach = (content: Buffer) => registry.attach(repository, release, { artifactType: bundleType, content });
    const gathered = async (more: Partial<PromotionRequest> = {}) => gatherFacts(registry, { ...asked, ...more });

    beforeEach(async () => {
        registry = new MemoryRegistry();
        const built = Object.fromEntries(
            ["cart", "checkout"].map((name): [string, LockedImage] => [
                name,
                { commit: wanted, digest: registry.putImage(imageRepository(dev, name), name, [wanted]) },
            ]),
        );
        const lock = lockOf(wanted, built, catalog);
        await pushLock(registry, dev, lock);
        await publishRelease(registry, releaseOf({ lock }), dev);
        await writeRun(registry, dev, recordOf("dev", { commit: wanted, pins: {} }, built, "2026-01-31T10:00:00Z"));
        release = (await pullRelease(registry, place, "1.4.0"))!.descriptor;
    });

    it("are read where the environment asks, and the release changes something", async () => {
        const { digest: signature } = await attach(key.statement(provenance(release.digest)));
        assert.deepEqual((await gathered()).signatures, { "v1.4.0": { by: fingerprint, rejected: [] } });
        assert.deepEqual(
            registry.calls.filter((call) => call.startsWith("referrers") || call.includes(signature)),
            [`referrers ${repository}@${release.digest}`, `pull ${repository}@${signature}`],
        );
        const before = registry.calls.length;
        assert.equal((await gathered({ environment: stage })).signatures, undefined);
        assert.deepEqual(
            registry.calls.slice(before).filter((call) => call.startsWith("referrers")),
            [],
        );
    });

    it("are not asked for where the release runs already", async () => {
        const { locks } = await gathered();
        const record = recordOf("stage", { commit: wanted, pins: {} }, locks["v1.4.0"]!.images, "2026-01-31T11:00:00Z");
        await writeRun(registry, stage, { ...record, catalog });
        const before = registry.calls.length;
        assert.equal((await gathered()).signatures, undefined);
        assert.deepEqual(
            registry.calls.slice(before).filter((call) => call.startsWith("referrers")),
            [],
        );
    });

    it("are those of the release that was pulled: what is about another manifest is none of them", async () => {
        const elsewhere = { ...release, digest: digest("6") };
        await registry.attach(repository, elsewhere, {
            artifactType: bundleType,
            content: key.statement(provenance(release.digest)),
        });
        assert.deepEqual((await gathered()).signatures, { "v1.4.0": { rejected: [] } });
    });

    it("end the promotion where the registry does not list them: nothing is known then", async () => {
        registry.beforeRead = (reference) => {
            if (reference === `${repository}@${release.digest}` && registry.calls.at(-1)!.startsWith("referrers")) {
                throw new RegistryError("the registry is away", 503);
            }
        };
        await assert.rejects(gathered(), /the registry is away/);
    });

    it("let a release come exactly where one of an accepted key is among them, whoever puts what beside it", async () => {
        const content = (kind: Kind): Buffer => {
            switch (kind) {
                case "valid":
                    return key.statement(provenance(release.digest));
                case "other key":
                    return other.statement(provenance(release.digest));
                case "other release":
                    return key.statement(provenance());
                case "noise":
                    return Buffer.from("noise");
                case "cut":
                    return key.statement(provenance(release.digest)).subarray(0, -1);
            }
        };
        const kinds: readonly Kind[] = ["valid", "other key", "other release", "noise", "cut"];
        type Kind = "valid" | "other key" | "other release" | "noise" | "cut";
        await fc.assert(
            fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { maxLength: 4 }), async (put) => {
                const added: Descriptor[] = [];
                for (const kind of put) added.push(await attach(content(kind)));
                const known = await gathered();
                const refused = problems(asked, known).map(({ subject }) => subject);
                assert.deepEqual(refused, put.includes("valid") ? [] : ["signature"]);
                for (const one of added) registry.delete(repository, one.digest);
            }),
            { numRuns: 60 },
        );
    });
});
