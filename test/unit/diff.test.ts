import assert from "node:assert/strict";
import { describeDiff, markdownDiff } from "../../core/diff/describeDiff";
import type { PromotionDiff } from "../../core/diff/model";
import { objectChanges } from "../../core/diff/objectChanges";
import { pathRanges } from "../../core/diff/pathHistory";
import { promotionDiff, unrefusedPlan } from "../../core/diff/promotionDiff";
import { decide } from "../../core/promotion/decide";
import type { PromotionFacts, PromotionRequest } from "../../core/promotion/model";
import { imageSet, setKey } from "../../core/release/lock";
import { catalogOf, commit, environmentOf, imagesOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";

const at = "2026-11-20T09:12:44Z";
const [old, next] = [commit("71c44d0"), commit("9f8e02b")];
const [dev, stage] = (["dev", "stage"] as const).map(environmentOf);
const cluster = { name: "shop-stage", region: "europe-west1", context: "stage", managed: true };

/** stage ran ad and cart of an old commit, and is asked for the next one: another cart with another port, email, and no ad. */
function judged({ proven = true, known = true } = {}) {
    const catalog = catalogOf("cart", "email");
    const cart = { ...catalog.services.cart, replicas: 2, env: { PORT: "5051" } };
    const now = { services: { ...catalog.services, cart } };
    const images = imagesOf(now, next);
    const request: PromotionRequest = {
        environment: { ...stage, commit: next, clusters: [cluster] },
        before: dev,
        catalog: now,
        commit: next,
        pins: {},
    };
    const ran = catalogOf("ad", "cart");
    const facts: PromotionFacts = {
        ...nothingKnown,
        locks: known ? { [next]: lockOf(next, images, now) } : {},
        current: { ...recordOf("stage", { commit: old, pins: {} }, imagesOf(ran, old), at), catalog: ran },
        ranBefore: new Set(proven ? [setKey(imageSet(images))] : []),
        now: "2026-11-21T00:00:00.000Z",
    };
    const decision = decide(request, facts);
    return { request, facts, decision, problems: "problems" in decision ? decision.problems : [] };
}

describe("the objects of two sets", () => {
    const deployment = (image: string, env: object[], labels = {}) => ({
        kind: "Deployment",
        metadata: { labels },
        spec: { template: { spec: { containers: [{ name: "server", image, env, args: ["-v"] }] } } },
    });

    it("differ field by field, named things by their names wherever they stand", () => {
        const port = { name: "PORT", value: "1" };
        const other = { name: "HOST", value: "a" };
        const before = new Map([["Deployment cart", deployment("cart@1", [port, other], { "a/b": "c" })]]);
        const after = new Map([["Deployment cart", deployment("cart@2", [other, { ...port, value: "2" }])]]);
        assert.deepEqual(objectChanges(before, after), [
            {
                object: "Deployment cart",
                change: "changed",
                fields: [
                    { path: 'metadata.labels["a/b"]', before: "c", isImage: false },
                    {
                        path: "spec.template.spec.containers[server].image",
                        before: "cart@1",
                        after: "cart@2",
                        isImage: true,
                    },
                    { path: "spec.template.spec.containers[server].env[PORT].value", before: "1", after: "2", isImage: false },
                ],
            },
        ]);
        assert.deepEqual(objectChanges(before, before), []);
    });

    it("come and go whole, those of one service beside each other", () => {
        const object = { kind: "Service" };
        const changes = objectChanges(
            new Map([["Service b", object]]),
            new Map([
                ["Service a", object],
                ["Deployment b", object],
            ]),
        );
        assert.deepEqual(
            changes.map(({ object: name, change }) => `${change} ${name}`),
            ["added Service a", "added Deployment b", "removed Service b"],
        );
    });
});

describe("what a promotion would do", () => {
    it("is told image by image and field by field, with what leaves and the way back", () => {
        const judgement = judged();
        const plan = unrefusedPlan(judgement)!;
        const ranges = pathRanges(plan, judgement.facts.current, judgement.request.catalog);
        assert.deepEqual(ranges, [{ image: "cart", repository: "acme/shop", from: old, to: next, paths: ["src/cart"] }]);
        const added = [{ commit: next, title: "Mend the *till*" }];
        const diff = promotionDiff("shop", judgement, plan, { cart: { added, takenBack: [] } });
        assert.deepEqual([diff.allowed, diff.from, diff.to], [true, { ref: old, at }, next]);
        const { outcome } = diff;
        assert.deepEqual(outcome!.removals, ["ad"]);
        const text = describeDiff(diff);
        const lines = text.split("\n").map((line) => line.trim());
        assert.equal(lines[0], `stage would go forward to 9f8e02b…; it runs 71c44d0… since ${at}`);
        for (const line of [
            "Images: 3 change, none stay",
            "+ 9f8e02b Mend the *till*",
            "+ Deployment email",
            "- Deployment ad",
            "~ Deployment cart",
            "spec.replicas: 1 → 2",
            'spec.template.spec.containers[cart].env: not set → [{"name":"PORT","value":"5051"}]',
            "ad would be deleted there, with all objects: to be confirmed with --removes ad",
            `A rollout that fails goes back to 71c44d0…, healthy at ${at}.`,
        ]) {
            assert.ok(lines.includes(line), `${line}\nis not in\n${text}`);
        }
        assert.ok(!text.includes("containers[cart].image"), text);
        assert.match(describeDiff(diff, { full: true }), /containers\[cart\]\.image: "europe-west1-docker\.pkg\.dev\/acme-stage/);
    });

    it("is told of what is refused too, with all reasons", () => {
        const judgement = judged({ proven: false });
        const diff = promotionDiff("shop", judgement, unrefusedPlan(judgement));
        assert.equal(diff.allowed, false);
        assert.equal(diff.outcome!.images.length, 3);
        const text = describeDiff(diff);
        assert.match(text, /^stage would go forward to 9f8e02b…; it runs 71c44d0… since .*: refused\n/);
        assert.match(text, /Promotion to stage would be refused:\n {2}commit {2}9f8e02b… never ran healthy in dev/);
    });

    it("cannot be told where the lock is not there, and that is said", () => {
        const judgement = judged({ known: false });
        assert.equal(unrefusedPlan(judgement), undefined);
        const diff: PromotionDiff = promotionDiff("shop", judgement, undefined);
        assert.match(
            describeDiff(diff),
            /What would come of it cannot be told: something of it is not there\.\n\nPromotion to stage/,
        );
    });

    it("is Markdown for a pull request, in which the words of others stay words", () => {
        const judgement = judged();
        const added = [{ commit: next, title: "Mend the *till* </details> | @ada" }];
        const markdown = markdownDiff(
            promotionDiff("shop", judgement, unrefusedPlan(judgement), { cart: { added, takenBack: [] } }),
        );
        assert.ok(markdown.includes(String.raw`+ 9f8e02b Mend the \*till\* \</details\> \| \@ada`), markdown);
        assert.match(markdown, /<details><summary>\d+ Kubernetes objects differ in more than the image<\/summary>\n\n~~~\n/);
    });
});
