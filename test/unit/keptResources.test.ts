import assert from "node:assert/strict";
import { keptResources, refuseHalfway } from "../../core/facts/keptResources";
import { parseState, type StateResource } from "../../core/facts/stackState";
import { Refusal } from "../../core/refusal";
import { environment } from "../components/settings";

const root = "urn:pulumi:prod::acme-shop";
const inEnvironment = (types: string, name: string) => `${root}::oneflow:index:Environment$${types}::${name}`;
const top = `${root}::oneflow:index:Environment::acme-shop`;
const provider = (region: string): StateResource => ({
    urn: inEnvironment("pulumi:providers:kubernetes", region),
    type: "pulumi:providers:kubernetes",
    custom: true,
    parent: top,
});

/** A service in one cluster: the component, and its Deployment. */
const serviceIn = (region: string, name: string, more: Partial<StateResource> = {}): StateResource[] => {
    const component = inEnvironment("oneflow:index:Microservice", `${region}-${name}`);
    return [
        { urn: component, type: "oneflow:index:Microservice", custom: false, parent: top },
        {
            urn: inEnvironment("oneflow:index:Microservice$kubernetes:apps/v1:Deployment", `${region}-${name}`),
            ...{ type: "kubernetes:apps/v1:Deployment", custom: true, parent: component },
            provider: `${provider(region).urn}::id-of-${region}`,
            ...more,
        },
    ];
};
const closed = (region: string): StateResource => ({
    urn: inEnvironment("kubernetes:networking.k8s.io/v1:NetworkPolicy", `${region}-default-deny`),
    ...{ type: "kubernetes:networking.k8s.io/v1:NetworkPolicy", custom: true, parent: top },
    provider: `${provider(region).urn}::id-of-${region}`,
});
const state = (more: Partial<StateResource> = {}): StateResource[] => [
    { urn: top, type: "oneflow:index:Environment", custom: false },
    provider("us-east1"),
    provider("us-east1-b"),
    ...serviceIn("us-east1-b", "cart"),
    ...serviceIn("us-east1", "cart", more),
    closed("us-east1"),
    closed("us-east1-b"),
];
const names = (resources: readonly StateResource[]) =>
    resources.map(({ type, urn }) => `${type.split(":").at(-1)} ${urn.split("::").at(-1)}`);

describe("What a suspended cluster keeps", () => {
    it("is what its provider made, with the components around it, in the state's order, and nothing of another cluster", () => {
        assert.deepEqual(names(keptResources(state(), "us-east1")), [
            "Microservice us-east1-cart",
            "Deployment us-east1-cart",
            "NetworkPolicy us-east1-default-deny",
        ]);
    });

    it("is nothing where it was never deployed to", () => {
        assert.deepEqual(keptResources(state(), "europe-west1"), []);
    });

    it("must be whole: what did not come up there, or still waits to be deleted, is named with the way out", () => {
        const prod = environment("prod");
        const [cluster] = prod.clusters;
        refuseHalfway(prod, cluster, keptResources(state(), "us-east1"));
        const refused = (more: Partial<StateResource>) => {
            try {
                refuseHalfway(prod, cluster, keptResources(state(more), "us-east1"));
            } catch (error) {
                assert.ok(error instanceof Refusal);
                return error.problems.map(({ subject, message }) => `${subject}: ${message}`);
            }
            return [];
        };
        const first = `${cluster.context}: is suspended, but its last run ended halfway: Pulumi goes on with such an object at every update.`;
        assert.deepEqual(refused({ initErrors: ["2 of 3 pods are ready", "Pod cart-1: [CrashLoopBackOff]"] }), [
            first,
            "Deployment us-east1-cart: did not come up: 2 of 3 pods are ready",
        ]);
        assert.deepEqual(refused({ delete: true }), [
            first,
            "Deployment us-east1-cart: was replaced, and still waits to be deleted",
        ]);
    });
});

describe("A stack's state", () => {
    it("is read from what `pulumi stack export` prints, with what was interrupted", () => {
        const [, deployment] = serviceIn("us-east1", "cart");
        const other = provider("us-east1");
        const pending_operations = [
            { resource: other, type: "updating" },
            { resource: deployment, type: "creating" },
        ];
        const text = JSON.stringify({ version: 3, deployment: { manifest: {}, resources: state(), pending_operations } });
        assert.deepEqual(parseState(text), { resources: state(), interrupted: [deployment.urn, other.urn].sort() });
    });

    it("is empty of a stack that never ran", () => {
        assert.deepEqual(parseState('{ "version": 3, "deployment": { "manifest": {} } }'), { resources: [], interrupted: [] });
        assert.deepEqual(parseState('{ "version": 3 }'), { resources: [], interrupted: [] });
    });
});
