import assert from "node:assert/strict";
import { renderDefaultDeny } from "../../core/manifests/networkPolicy";
import { renderService } from "../../core/manifests/workload";
import { inOrder } from "../../core/settings/order";
import type { Service } from "../../core/settings/model";
import { checkoutservice, frontend, redisCart, stage } from "./manifestsServices";
import { admits } from "./networkEvaluator";

const migrating: Service = {
    ...checkoutservice,
    command: ["/app", "serve"],
    args: ["--port=5050"],
    migrate: { command: ["/app", "migrate"], env: { LOCK: "yes" }, timeoutSeconds: 120 },
    verify: { args: ["--self-test"], env: {}, timeoutSeconds: 60 },
};

describe("Jobs of a service", () => {
    const { migrate, verify, deployment } = renderService(migrating, stage);

    it("run its image with its variables, account and confinement, but their own command", () => {
        const { spec } = migrate!.spec.template;
        const [container] = spec.containers;
        assert.equal(migrate!.spec.activeDeadlineSeconds, 120);
        assert.equal(spec.restartPolicy, "Never");
        assert.equal(spec.serviceAccountName, "checkoutservice");
        assert.deepEqual(
            [container.name, container.image, container.command, container.args],
            ["migrate", deployment!.spec.template.spec.containers[0].image, ["/app", "migrate"], undefined],
        );
        assert.deepEqual(
            container.env?.find(({ name }) => name === "LOCK"),
            { name: "LOCK", value: "yes" },
        );
        assert.equal(container.env?.length, Object.keys(checkoutservice.env).length + 1);
        assert.deepEqual([container.ports, container.readinessProbe, container.lifecycle], [undefined, undefined, undefined]);
        assert.deepEqual(verify!.spec.template.spec.containers[0].args, ["--self-test"]);
    });

    it("are found by no Service, disruption budget or Deployment", () => {
        for (const job of [migrate!, verify!]) {
            assert.equal(job.spec.template.metadata.labels.app, undefined);
        }
        assert.deepEqual(deployment!.spec.selector.matchLabels, { app: "checkoutservice" });
    });

    it("are other Jobs for another image or command, and the same for the same", () => {
        const name = (service: Service, context = stage) => renderService(service, context).migrate!.metadata.name;
        const now = migrate!.metadata.name;
        assert.match(now, /^checkoutservice-migrate-[0-9a-f]{8}$/);
        assert.equal(name(structuredClone(migrating)), now);
        assert.equal(name({ ...migrating, replicas: 5 }), now);
        assert.equal(name(migrating, { ...stage, commit: () => "f".repeat(40) }), now);
        assert.notEqual(name(migrating, { ...stage, image: () => `registry.example/x@sha256:${"6".repeat(64)}` }), now);
        assert.notEqual(name({ ...migrating, migrate: { ...migrating.migrate!, command: ["/app", "up"] } }), now);
    });

    it("have names that fit a label, whatever the service is called", () => {
        const long = renderService({ ...migrating, name: "a".repeat(46) }, stage);
        assert.equal(long.migrate!.metadata.name.length, 63);
        assert.equal(long.verify!.metadata.name.length, 62);
    });

    it("migrate only where the image moves forward, and verify always", () => {
        const roles = Object.keys(renderService(migrating, { ...stage, migrates: (name) => name !== "checkoutservice" }));
        assert.deepEqual(roles, ["serviceAccount", "networkPolicy", "deployment", "service", "verify"]);
        assert.deepEqual(Object.keys(renderService(migrating, { ...stage, migrates: () => true })), [
            ...["serviceAccount", "networkPolicy", "migrate", "deployment", "service", "verify"],
        ]);
    });

    it("may call what their service calls, and a verification the service itself", () => {
        const calling = { ...migrating, calls: ["redis-cart"] };
        const context = { ...stage, services: { checkoutservice: calling, "redis-cart": redisCart } };
        const [checkout, redis] = [calling, redisCart].map((service) => renderService(service, context));
        const policies = [renderDefaultDeny(context), checkout.networkPolicy, redis.networkPolicy];
        const end = (labels: Record<string, string>) => ({ namespace: "shop", labels });
        const job = end(checkout.verify!.spec.template.metadata.labels);
        assert.equal(admits(policies, job, end(redis.deployment!.spec.template.metadata.labels), 6379), true);
        assert.equal(admits(policies, job, end(checkout.deployment!.spec.template.metadata.labels), 5050), true);
        assert.equal(admits(policies, job, { address: "203.0.113.7" }, 443), false);
    });
});

describe("A service with a Google identity", () => {
    const identity = "checkout@acme-stage.iam.gserviceaccount.com";
    const rendered = renderService({ ...checkoutservice, identity }, stage);

    it("says it on its account, mounts no Kubernetes token, and may ask for its tokens", () => {
        assert.deepEqual(rendered.serviceAccount.metadata.annotations, { "iam.gke.io/gcp-service-account": identity });
        assert.equal(rendered.deployment!.spec.template.spec.automountServiceAccountToken, false);
        const pod = { namespace: "shop", labels: rendered.deployment!.spec.template.metadata.labels };
        assert.equal(admits([rendered.networkPolicy], pod, { address: "169.254.169.252" }, 988), true);
        assert.equal(admits([rendered.networkPolicy], pod, { address: "169.254.169.254" }, 80), true);
        const without = renderService(checkoutservice, stage);
        assert.equal(admits([without.networkPolicy], pod, { address: "169.254.169.254" }, 80), false);
        assert.equal(without.serviceAccount.metadata.annotations, undefined);
    });

    it("may have another one in each environment", () => {
        const prod = "checkout@acme-prod.iam.gserviceaccount.com";
        const service = { ...checkoutservice, identity, environments: { prod: { identity: prod } } };
        assert.deepEqual(renderService(service, { ...stage, environment: "prod" }).serviceAccount.metadata.annotations, {
            "iam.gke.io/gcp-service-account": prod,
        });
    });
});

describe("An internal exposure", () => {
    it("is a load balancer inside the cloud's network", () => {
        const expose = { ...frontend.expose!, type: "internal" as const };
        const { exposure } = renderService({ ...frontend, expose }, stage);
        assert.equal(exposure?.spec.type, "LoadBalancer");
        assert.deepEqual(exposure?.metadata.annotations, { "networking.gke.io/load-balancer-type": "Internal" });
    });
});

describe("Services in order", () => {
    it("stand behind those that they come after, and else as in the file", () => {
        const after = (name: string, ...others: string[]) => [name, { ...checkoutservice, name, after: others }] as const;
        const ordered = inOrder(Object.fromEntries([after("a", "d", "gone"), after("b"), after("c", "a"), after("d")]));
        assert.deepEqual(
            ordered.map(({ name }) => name),
            ["d", "a", "b", "c"],
        );
    });
});
