import assert from "node:assert/strict";
import { join } from "node:path";
import { renderDefaultDeny } from "../../core/manifests/networkPolicy";
import { renderService, type WorkloadObjects } from "../../core/manifests/workload";
import { readSettings } from "../../core/settings/load";
import type { Service } from "../../core/settings/model";
import { checkoutservice, frontend, loadgenerator, redisCart } from "./manifestsServices";
import { admits, type AnyPolicy, type End } from "./networkEvaluator";

interface Rendering {
    workloads: WorkloadObjects[];
    policies: AnyPolicy[];
}

function render(services: Readonly<Record<string, Service>>): Rendering {
    const image = (imageName: string) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`;
    const context = { environment: "stage", cloudProject: "acme-stage", namespace: "shop", partOf: "acme-shop", services, image };
    const workloads = Object.values(services).map((service) => renderService(service, context));
    return { workloads, policies: [renderDefaultDeny(context), ...workloads.map(({ networkPolicy }) => networkPolicy)] };
}

const podOf = ({ deployment }: WorkloadObjects): End => ({ namespace: "shop", labels: deployment!.spec.template.metadata.labels });

/** Every connection between two workloads that the policies let through: `frontend → cartservice:7070`. All pairs are asked, on all ports. */
function connections({ workloads, policies }: Rendering): string[] {
    const open = workloads.flatMap(({ deployment }) =>
        deployment!.spec.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)),
    );
    const ports = [...new Set([...open, 22, 443])];
    return workloads
        .flatMap((from) =>
            workloads.flatMap((to) =>
                ports
                    .filter((port) => admits(policies, podOf(from), podOf(to), port))
                    .map((port) => `${from.deployment!.metadata.name} → ${to.deployment!.metadata.name}:${port}`),
            ),
        )
        .sort();
}

/** The same as the variables of the pods say it: each address of a Service that they hold, as the port of the container behind it. */
function addressed({ workloads }: Rendering): string[] {
    const behind = new Map<string, string>(
        workloads.flatMap(({ service }) =>
            (service?.spec.ports ?? []).map(
                ({ port, targetPort }) => [`${service!.metadata.name}:${port}`, `${service!.metadata.name}:${targetPort}`] as const,
            ),
        ),
    );
    const said = workloads.flatMap(({ deployment }) => {
        const { containers, initContainers = [] } = deployment!.spec.template.spec;
        const values = [...containers, ...initContainers].flatMap(({ env = [] }) => env.map(({ value = "" }) => value));
        return values.flatMap((value) => (behind.has(value) ? `${deployment!.metadata.name} → ${behind.get(value)}` : []));
    });
    return [...new Set(said)].sort();
}

describe("The NetworkPolicies of Online Boutique", () => {
    const { services } = readSettings({ directory: join(__dirname, "..", ".."), stack: "stage" }).catalog;
    const shop = render(services);

    it("let through, of all pairs of the twelve workloads, exactly the connections that their variables name", () => {
        assert.equal(shop.workloads.length, 12);
        assert.deepEqual(connections(shop), addressed(shop));
        assert.equal(connections(shop).length, 16);
    });

    it("would be found out: a call too few or too many in the catalog is a connection too few or too many", () => {
        const calling = (name: string, calls: string[]) => render({ ...services, [name]: { ...services[name], calls } });
        const lost = connections(calling("cartservice", []));
        assert.deepEqual(
            addressed(shop).filter((connection) => !lost.includes(connection)),
            ["cartservice → redis-cart:6379"],
        );
        const won = connections(calling("adservice", ["paymentservice"]));
        assert.deepEqual(
            won.filter((connection) => !addressed(shop).includes(connection)),
            ["adservice → paymentservice:50051"],
        );
    });

    it("let in from outside what is exposed, and nothing else", () => {
        for (const outside of [{ address: "203.0.113.7" }, { namespace: "other", labels: { app: "frontend" } }]) {
            const reached = shop.workloads.flatMap((to) =>
                [80, 3550, 5050, 6379, 7070, 8080]
                    .filter((port) => admits(shop.policies, outside, podOf(to), port))
                    .map((port) => [to, port]),
            );
            assert.deepEqual(
                reached.map(([to, port]) => [(to as WorkloadObjects).deployment!.metadata.name, port]),
                [["frontend", 8080]],
            );
        }
    });

    it("let every pod ask for addresses, and reach nothing else outside", () => {
        const dns: End[] = [
            { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
            { address: "169.254.20.10" },
            { address: "169.254.169.254" },
        ];
        for (const workload of shop.workloads) {
            for (const server of dns) {
                assert.equal(admits(shop.policies, podOf(workload), server, 53, "UDP"), true);
                assert.equal(admits(shop.policies, podOf(workload), server, 53, "TCP"), true);
                assert.equal(admits(shop.policies, podOf(workload), server, 80), false);
            }
            assert.equal(admits(shop.policies, podOf(workload), { address: "203.0.113.7" }, 53, "UDP"), false);
            assert.equal(admits(shop.policies, podOf(workload), { address: "203.0.113.7" }, 443), false);
        }
    });

    it("deny everything to a pod that is no service's", () => {
        const stranger: End = { namespace: "shop", labels: { app: "frontend" } };
        for (const workload of shop.workloads) {
            assert.equal(admits(shop.policies, stranger, podOf(workload), 7070), false);
            assert.equal(admits(shop.policies, podOf(workload), stranger, 8080), false);
        }
    });
});

describe("A service with unrestrictedEgress", () => {
    it("may call the internet and other namespaces, but of its own catalog only what it names", () => {
        const shop = render({
            frontend,
            checkoutservice: { ...checkoutservice, unrestrictedEgress: true, calls: ["redis-cart"] },
            "redis-cart": redisCart,
            loadgenerator,
        });
        const pod = podOf(shop.workloads[1]);
        assert.equal(admits(shop.policies, pod, { address: "203.0.113.7" }, 443), true);
        assert.equal(admits(shop.policies, pod, { namespace: "other", labels: {} }, 5432), true);
        assert.deepEqual(
            connections(shop).filter((connection) => connection.startsWith("checkoutservice →")),
            // The frontend is exposed, so whoever may call anything may call it.
            ["checkoutservice → frontend:8080", "checkoutservice → redis-cart:6379"],
        );
    });
});
