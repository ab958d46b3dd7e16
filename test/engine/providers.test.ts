import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import type { PulledImage } from "../../sandbox/providers/kubernetes/kubelet";
import { serveProviders, type ServedProviders } from "../../sandbox/providers/serve";
import { engineProject, type EngineProject } from "./project";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const repository = "europe-west1-docker.pkg.dev/acme-dev/develop";
const cart = (digit: string) => `${repository}/cart@${digest(digit)}`;
const admin = "user:admin@acme.example";
const deployer = "serviceAccount:deployer@acme-dev.iam.gserviceaccount.com";

/** What the registry holds; `c` crashes when it runs. */
const images: Record<string, PulledImage["config"]> = {
    [cart("a")]: { User: "1000", Entrypoint: ["/app"] },
    [cart("b")]: { User: "1000", Entrypoint: ["/app"] },
    [cart("c")]: { User: "1000", Entrypoint: ["/app"], Labels: { "dev.oneflow.sandbox.behaviour": "crash" } },
};

describe("The provider doubles under the real engine", function () {
    this.timeout(180_000);
    const directory = mkdtempSync(join(tmpdir(), "oneflow-cloud-"));
    const cloud = new Cloud(directory);
    let served: ServedProviders;
    let project: EngineProject;

    before(async () => {
        cloud.addProject({ id: "acme-dev", number: "100000000001", owner: admin });
        cloud.addRepository({ fullName: "acme/shop", id: 4711, ownerId: 42, private: true });
        cloud.addIdentity({ token: "deployer-token", member: deployer });
        served = await serveProviders({
            ...{ cloud, member: admin, kubeconfig: join(directory, "kubeconfig"), progressDeadline: 50, startup: 1 },
            github: { token: "a-token", owner: "acme" },
            dockerHost: `unix://${join(directory, "docker.sock")}`,
            pullImage: async (reference, member) => {
                const resource = "projects/acme-dev/locations/europe-west1/repositories/develop";
                if (!cloud.allows(member, "artifactregistry.repositories.downloadArtifacts", resource)) {
                    throw new Error(`403 Forbidden: ${member} lacks artifactregistry.repositories.downloadArtifacts`);
                }
                return { digest: reference.split("@")[1], config: images[reference] };
            },
        });
        project = await engineProject({
            environment: served.environment,
            config: { "gcp:project": "acme-dev", "gcp:region": "europe-west1" },
        });
    });
    after(async () => {
        await served.close();
        project.remove();
        rmSync(directory, { recursive: true, force: true });
    });
    const pods = () => cloud.objects("acme-dev/europe-west1/shop").running("shop", "app");
    const serving = (digit: string) => ({ cart: { server: [cart(digit)] } });

    it("says in a preview what is not known yet, then makes a cluster and runs in it what the nodes may pull", async () => {
        project.write(program({ image: cart("a") }));
        const { code, text } = await project.pulumi("up", "--yes", "--diff");

        // A preview that had made anything would have left the update an "already exists".
        assert.equal(code, 0, text);
        assert.match(text, /server\s*: \[unknown\]/);
        assert.match(text, /deployerMember\s*: "serviceAccount:deployer@acme-dev\.iam\.gserviceaccount\.com"/);
        assert.deepEqual(pods(), serving("a"));
        assert.match(text, /ready\s*: 3/);
        assert.match(text, /shopId\s*: 4711/);
        assert.deepEqual(
            cloud.clusters().map(({ key, nodeMember }) => [key, nodeMember]),
            [["acme-dev/europe-west1/shop", "serviceAccount:shop-nodes@acme-dev.iam.gserviceaccount.com"]],
        );
        assert.equal(served.configured("docker"), 0);
        assert.equal(project.state().includes(Buffer.from("hunter2").toString("base64")), false, "a secret lies open in the state");
    });

    it("changes nothing when nothing changed", async () => {
        const { code, text } = await project.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");

        assert.equal(code, 0, text);
    });

    it("fails a rollout whose image crashes while the old pods go on serving", async () => {
        project.write(program({ image: cart("c") }));
        const { code, text } = await project.pulumi("up", "--yes", "--skip-preview");

        assert.notEqual(code, 0);
        assert.match(text, /the Kubernetes API server reported that "shop\/cart" failed to fully initialize or become live/);
        assert.match(text, /\[CrashLoopBackOff\] back-off 10s restarting failed container=server/);
        assert.ok(text.includes(cart("c")), text);
        assert.deepEqual(pods(), serving("a"));
        assert.match(project.state(), /"initErrors"/);
    });

    it("shows the healthy and the new image in the diff, and recovers", async () => {
        project.write(program({ image: cart("b") }));
        const { code, text } = await project.pulumi("up", "--yes", "--diff");

        assert.equal(code, 0, text);
        assert.ok(text.includes(`"${cart("a")}" => "${cart("b")}"`), text);
        assert.deepEqual(pods(), serving("b"));
    });

    it("refuses what a deployer may not do, what no API of the project gives and what lies in no project", async () => {
        const [{ server }] = cloud.clusters();
        writeFileSync(join(directory, "kubeconfig"), kubeconfig(new URL(server).host, "{ token: deployer-token }"));
        project.write(`${program({ image: cart("b") })}
            const deployer = new k8s.Provider("as-deployer", { kubeconfig: ${JSON.stringify(join(directory, "kubeconfig"))}, context: "shop" });
            new k8s.core.v1.ConfigMap("forbidden", { metadata: { name: "forbidden", namespace: "shop" }, data: {} }, { provider: deployer });
            new k8s.core.v1.ServiceAccount("allowed", { metadata: { name: "allowed", namespace: "shop" } }, { provider: deployer });
            new gcp.kms.KeyRing("keys", { name: "keys", location: "moon", project: "acme-nowhere" });
            new gcp.binaryauthorization.Policy("policy", { defaultAdmissionRule: { evaluationMode: "ALWAYS_ALLOW", enforcementMode: "ENFORCED_BLOCK_AND_AUDIT_LOG" } });
        `);
        const { code, text } = await project.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");

        assert.notEqual(code, 0);
        const user = "deployer@acme-dev.iam.gserviceaccount.com";
        assert.ok(
            text.includes(
                `configmaps "forbidden" is forbidden: User "${user}" cannot patch resource "configmaps" in API group "" in the namespace "shop"`,
            ),
            text,
        );
        assert.match(text, /Error 403: Permission denied on resource project acme-nowhere/);
        assert.match(text, /binaryauthorization API has not been used in project 100000000001 before or it is disabled/);
        assert.notEqual(cloud.objects("acme-dev/europe-west1/shop").get("ServiceAccount", "shop", "allowed"), undefined);
    });

    it("takes everything away but what is protected from it", async () => {
        const refused = await project.pulumi("destroy", "--yes", "--skip-preview");

        assert.match(refused.text, /Cannot destroy cluster because deletion_protection is set to true/);
        assert.deepEqual(pods(), {});
        assert.deepEqual(cloud.resourceNames("projects/acme-dev/locations/europe-west1/clusters"), [
            "projects/acme-dev/locations/europe-west1/clusters/shop",
        ]);
    });
});

/** A platform and a service on it, in one program. */
function program({ image }: { image: string }): string {
    return `
import * as gcp from "@pulumi/gcp";
import * as github from "@pulumi/github";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const dependsOn = ["artifactregistry", "compute", "container", "iam"].map((api) => new gcp.projects.Service(api, { service: api + ".googleapis.com" }));
const network = new gcp.compute.Network("shop", { name: "shop", autoCreateSubnetworks: false }, { dependsOn });
const nodes = new gcp.serviceaccount.Account("nodes", { accountId: "shop-nodes" }, { dependsOn });
const account = new gcp.serviceaccount.Account("deployer", { accountId: "deployer" }, { dependsOn });
const develop = new gcp.artifactregistry.Repository("develop", { repositoryId: "develop", format: "DOCKER" }, { dependsOn });
const pull = new gcp.artifactregistry.RepositoryIamMember("pull", {
    repository: develop.name, role: "roles/artifactregistry.reader", member: nodes.member,
});
const role = new gcp.projects.IAMCustomRole("access", {
    roleId: "access", title: "access", permissions: ["container.clusters.get", "container.clusters.connect"],
}, { dependsOn });
new gcp.projects.IAMMember("access", { project: "acme-dev", role: role.name, member: account.member });
const cluster = new gcp.container.Cluster("shop", {
    name: "shop", location: "europe-west1", enableAutopilot: true, network: network.selfLink,
    controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true } },
    clusterAutoscaling: { autoProvisioningDefaults: { serviceAccount: nodes.email } },
});
const endpoint = cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint;
const provider = new k8s.Provider("shop", { kubeconfig: pulumi.interpolate\`${kubeconfig("${endpoint}", "{ exec: { command: gke-gcloud-auth-plugin } }")}\` });

const space = new k8s.core.v1.Namespace("shop", { metadata: { name: "shop", labels: { "pod-security.kubernetes.io/enforce": "restricted" } } }, { provider });
const namespace = space.metadata.name;
new k8s.core.v1.Secret("password", { metadata: { name: "password", namespace }, stringData: { password: pulumi.secret("hunter2") } }, { provider });
const may = new k8s.rbac.v1.Role("deployer", {
    metadata: { name: "deployer", namespace },
    rules: [{ apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get", "create", "patch", "delete"] }],
}, { provider });
new k8s.rbac.v1.RoleBinding("deployer", {
    metadata: { name: "deployer", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: may.metadata.name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: account.email }],
}, { provider });
const labels = { app: "cart" };
const deployment = new k8s.apps.v1.Deployment("cart", {
    metadata: { name: "cart", namespace },
    spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
            metadata: { labels },
            spec: {
                securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
                containers: [{
                    name: "server", image: "${image}", ports: [{ containerPort: 7070 }], readinessProbe: { grpc: { port: 7070 } },
                    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                }],
            },
        },
    },
}, { provider, dependsOn: [pull] });
new k8s.core.v1.Service("cart", { metadata: { name: "cart", namespace }, spec: { selector: labels, ports: [{ port: 7070 }] } }, { provider });

export const server = endpoint;
export const deployerMember = account.member;
export const ready = deployment.status.readyReplicas;
export const shopId = github.getRepositoryOutput({ fullName: "acme/shop" }).repoId;
`;
}

function kubeconfig(endpoint: string, user: string): string {
    return `apiVersion: v1
kind: Config
current-context: shop
contexts: [{ name: shop, context: { cluster: shop, user: shop } }]
clusters: [{ name: shop, cluster: { server: "https://${endpoint}" } }]
users: [{ name: shop, user: ${user} }]
`;
}
