import assert from "node:assert/strict";
import type { PodSpec } from "../../core/manifests/objects";
import { digest, settings } from "./cluster";
import { type Deployment, podsOf, untilDeployment } from "./observed";
import { Place } from "./place";
import { refusal } from "./refusal";

describe("The namespace of an environment", function () {
    this.timeout(180_000);
    let place: Place;
    const { checkoutservice } = settings.catalog.services;

    before(async () => {
        place = await Place.of("prod");
        await place.apply([place.render(checkoutservice, digest("1")).serviceAccount]);
    });

    /** The pod that oneflow renders, with a change; the cluster only judges it. */
    const pod = (change: (spec: PodSpec) => object) => {
        const { metadata, spec } = place.renderDeployment(checkoutservice, digest("1")).spec.template;
        const changed = { ...spec, ...change(spec) };
        return place.admin.create(place.path("v1", "pods?dryRun=All"), {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { ...metadata, name: "judged" },
            spec: changed,
        });
    };
    const container = (change: object) => (spec: PodSpec) => ({ containers: [{ ...spec.containers[0], ...change }] });
    const confined = (change: object) => (spec: PodSpec) =>
        container({ securityContext: { ...spec.containers[0].securityContext, ...change } })(spec);
    const violates = (what: string) => `403 pods "judged" is forbidden: violates PodSecurity "restricted:latest": ${what}`;

    it("takes a pod as oneflow renders it", async () => {
        assert.equal((await pod(() => ({}))).metadata.name, "judged");
    });

    const notRestricted: Record<string, [change: (spec: PodSpec) => object, what: string]> = {
        "may gain privileges": [
            confined({ allowPrivilegeEscalation: true }),
            'allowPrivilegeEscalation != false (container "checkoutservice" must set securityContext.allowPrivilegeEscalation=false)',
        ],
        "keeps capabilities": [
            confined({ capabilities: {} }),
            'unrestricted capabilities (container "checkoutservice" must set securityContext.capabilities.drop=["ALL"])',
        ],
        "may run as root": [
            ({ securityContext }) => ({ securityContext: { ...securityContext, runAsNonRoot: undefined } }),
            'runAsNonRoot != true (pod or container "checkoutservice" must set securityContext.runAsNonRoot=true)',
        ],
        "runs as root": [
            ({ securityContext }) => ({ securityContext: { ...securityContext, runAsUser: 0 } }),
            "runAsUser=0 (pod must not set runAsUser=0)",
        ],
        "has no seccomp profile": [
            ({ securityContext }) => ({ securityContext: { ...securityContext, seccompProfile: undefined } }),
            'seccompProfile (pod or container "checkoutservice" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
        ],
        "is in the node's network": [() => ({ hostNetwork: true }), "host namespaces (hostNetwork=true), hostPort"],
        "mounts the node's disk": [
            () => ({ volumes: [{ name: "disk", hostPath: { path: "/" } }] }),
            'restricted volume types (volume "disk" uses restricted volume type "hostPath")',
        ],
    };
    for (const [title, [change, what]] of Object.entries(notRestricted)) {
        it(`refuses a pod that ${title}, whoever makes it`, async () => {
            assert.equal((await refusal(pod(change))).slice(0, violates(what).length), violates(what));
        });
    }

    it("keeps such pods of the deployer's out too, and its Deployment says why", async () => {
        const privileged = structuredClone(place.renderDeployment(checkoutservice, digest("1")));
        const [container] = privileged.spec.template.spec.containers;
        Object.assign(container.securityContext, { privileged: true, allowPrivilegeEscalation: undefined });
        await place.apply([privileged]);
        const failed = (found: Deployment) => found.status.conditions?.find(({ type }) => type === "ReplicaFailure");
        const found = await untilDeployment(place.deployer, place, "checkoutservice", (it) => failed(it)?.status === "True");
        assert.match(failed(found)!.message, /violates PodSecurity "restricted:latest": privileged \(container "checkoutservice"/);
        assert.deepEqual((await place.deployer.get<{ items: unknown[] }>(podsOf(place, "checkoutservice"))).items, []);
    });
});
