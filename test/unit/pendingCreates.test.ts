import assert from "node:assert/strict";
import { adoptCreates, type ExportedState, pendingChanges, pendingCreates } from "../../core/deployment/pendingCreates";
import { unconfirmedRemovals } from "../../core/deployment/removals";

const urn = (type: string, name: string) => `urn:pulumi:stage::shop::oneflow:index:Environment$${type}::${name}`;
const object = (kind: string, name: string, own: object = {}) => ({
    urn: urn(`kubernetes:${kind}`, name),
    type: `kubernetes:${kind}`,
    custom: true,
    inputs: { metadata: { name, namespace: "shop-stage" } },
    ...own,
});
const service = object("core/v1:Service", "cart");
const files = object("core/v1:ConfigMap", "cart-files");
const record = {
    urn: urn("pulumi-nodejs:dynamic/oneflow:RunRecord", "run"),
    type: "pulumi-nodejs:dynamic/oneflow:RunRecord",
    custom: true,
};
const provider = { urn: urn("pulumi:providers:kubernetes", "eu"), type: "pulumi:providers:kubernetes", custom: true, inputs: {} };

const left: ExportedState = {
    deployment: {
        resources: [object("apps/v1:Deployment", "ad", { id: "shop-stage/ad" }), { ...files, id: "shop-stage/cart-files-old" }],
        pending_operations: [
            { type: "creating", resource: service },
            { type: "creating", resource: files },
            { type: "creating", resource: record },
            { type: "creating", resource: provider },
            { type: "updating", resource: object("apps/v1:Deployment", "ad", { id: "shop-stage/ad" }) },
        ],
    },
};

describe("what a killed engine had begun to make", () => {
    it("is each create that did not end", () => {
        assert.deepEqual(pendingCreates(left), [service.urn, files.urn, record.urn, provider.urn]);
        assert.deepEqual(pendingCreates({ deployment: {} }), []);
    });

    it("and what it had begun to change or delete in a cluster, once each: the state has it as it was before", () => {
        const [ad] = left.deployment.resources!;
        const { pending_operations = [] } = left.deployment;
        assert.deepEqual(pendingChanges(left), [ad.urn]);
        const more = [
            { type: "updating", resource: ad },
            { type: "deleting", resource: service },
            { type: "updating", resource: record },
        ];
        assert.deepEqual(pendingChanges({ deployment: { pending_operations: [...pending_operations, ...more] } }), [
            ad.urn,
            service.urn,
        ]);
        assert.deepEqual(pendingChanges({ deployment: {} }), []);
    });

    it("stands in the state as not done, for a refresh to look up: of a cluster, and nothing else", () => {
        const { state, adopted } = adoptCreates(left, pendingCreates(left));
        assert.deepEqual(adopted, [service.urn, files.urn]);
        const unfinished = { initErrors: ["The engine was killed while it made this."] };
        assert.deepEqual(state.deployment, {
            resources: [
                left.deployment.resources![0],
                { ...files, id: "shop-stage/cart-files-old", delete: true },
                { ...service, id: "shop-stage/cart", outputs: service.inputs, ...unfinished },
                { ...files, id: "shop-stage/cart-files", outputs: files.inputs, ...unfinished },
            ],
            pending_operations: [],
        });
    });

    it("is not what somebody has begun since", () => {
        const { state, adopted } = adoptCreates(left, [service.urn]);
        assert.deepEqual(adopted, [service.urn]);
        assert.equal(state.deployment.resources!.length, 3);
    });
});

describe("services that would leave", () => {
    it("are confirmed by name, each of them, and nothing else with them", () => {
        assert.deepEqual(unconfirmedRemovals("prod", [], []), []);
        assert.deepEqual(unconfirmedRemovals("prod", ["ad", "cart"], ["cart", "ad"]), []);
        assert.deepEqual(unconfirmedRemovals("prod", ["ad", "cart"], ["cart", "email"]), [
            {
                subject: "prod",
                message: "ad would leave it, with all objects of theirs. --yes alone does not confirm that.",
                remedy: "--removes ad,cart",
            },
            { subject: "prod", message: "email would not leave it, and was named with --removes.", remedy: "--removes ad,cart" },
        ]);
        assert.deepEqual(unconfirmedRemovals("prod", [], ["ad"]), [
            { subject: "prod", message: "ad would not leave it, and was named with --removes.", remedy: "leave --removes out" },
        ]);
    });
});
