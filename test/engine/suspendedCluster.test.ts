import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { KubernetesObject, Pod } from "../../sandbox/providers/cloud/objects";
import { Cloud } from "../../sandbox/providers/cloud";
import { serveProviders, type ServedProviders } from "../../sandbox/providers/serve";
import { engineProject, type EngineProject } from "./project";

const admin = "user:admin@acme.example";
const root = resolve(__dirname, "../..");

/** What the program of a test deploys. */
interface Wanted {
    /** Digit of the digests. */
    digit: string;
    services: readonly string[];
    suspended: boolean;
}

/** The components of an environment with the clusters eu and us, without the registry that a whole one needs. */
describe("A suspended cluster under the real engine", function () {
    this.timeout(300_000);
    const directory = mkdtempSync(join(tmpdir(), "oneflow-suspended-"));
    const kubeconfig = join(directory, "kubeconfig");
    const cloud = new Cloud(directory);
    let served: ServedProviders;
    let project: EngineProject;

    before(async () => {
        for (const name of ["eu", "us"]) {
            const nodeMember = "serviceAccount:nodes@acme-prod.iam.gserviceaccount.com";
            cloud.addCluster({ name, server: `https://${name}.example`, admins: [admin], nodeMember });
            cloud.objects(name).put({
                ...{ apiVersion: "v1", kind: "Namespace" },
                metadata: { name: "shop", uid: name, resourceVersion: "1", creationTimestamp: "2026-11-22T00:00:00Z" },
            });
        }
        reach("eu", "us");
        served = await serveProviders({
            ...{ cloud, member: admin, kubeconfig, progressDeadline: 50, startup: 1 },
            github: { token: "a-token", owner: "acme" },
            dockerHost: `unix://${join(directory, "docker.sock")}`,
            pullImage: (reference) =>
                Promise.resolve({ digest: reference.split("@")[1], config: { User: "1000", Entrypoint: ["/app"] } }),
        });
        project = await engineProject({ environment: served.environment });
    });
    after(async () => {
        await served.close();
        project.remove();
        rmSync(directory, { recursive: true, force: true });
    });

    it("keeps every object as it is while the others move on, a service that left included, and its state too", async () => {
        await up({ digit: "1", services: ["cart", "checkout"], suspended: false });
        const before = objects("us");
        assert.deepEqual(digests("us"), { cart: "1", checkout: "1" });

        await up({ digit: "2", services: ["cart"], suspended: true });
        assert.deepEqual(objects("us"), before);
        assert.deepEqual(digests("eu"), { cart: "2" });
        await up({ digit: "2", services: ["cart"], suspended: true }, "--expect-no-changes");
    });

    it("need not answer, not even to a refresh", async () => {
        const before = objects("us");
        reach("eu");
        await up({ digit: "3", services: ["cart"], suspended: true });
        assert.deepEqual(digests("eu"), { cart: "3" });
        await up({ digit: "3", services: ["cart"], suspended: true }, "--refresh", "--expect-no-changes");
        assert.deepEqual(objects("us"), before);
    });

    it("catches up once it is deployed to again, and nothing that stays is made anew", async () => {
        const [before] = objects("us").filter(({ kind, metadata }) => kind === "Deployment" && metadata.name === "cart");
        reach("eu", "us");
        const text = await up({ digit: "3", services: ["cart"], suspended: false });
        assert.match(text, /kubernetes:apps\/v1:Deployment us-cart updated/);
        assert.doesNotMatch(text, /us-\S+ (created|replaced)/);
        assert.match(text, /kubernetes:apps\/v1:Deployment us-checkout deleted/);
        assert.deepEqual(digests("us"), { cart: "3" });
        const [after] = objects("us").filter(({ kind }) => kind === "Deployment");
        assert.deepEqual([after.metadata.name, after.metadata.uid], ["cart", before.metadata.uid]);
        await up({ digit: "3", services: ["cart"], suspended: false }, "--expect-no-changes");
    });

    /** Runs the program and fails with what the engine said. @returns what it said, with single spaces */
    async function up(wanted: Wanted, ...args: string[]): Promise<string> {
        project.write(program(wanted));
        const { code, text } = await project.pulumi("up", "--yes", "--skip-preview", ...args);
        assert.equal(code, 0, text);
        return text.replace(/ +/g, " ");
    }

    function objects(cluster: string): KubernetesObject[] {
        return cloud.objects(cluster).in("shop");
    }

    /** Service → the digit of what its pods run. */
    function digests(cluster: string): Record<string, string> {
        const pods = objects(cluster).filter((object): object is Pod => object.kind === "Pod");
        return Object.fromEntries(
            pods.map(({ metadata, spec }) => [
                String(metadata.labels?.["app.kubernetes.io/name"]),
                spec.containers[0].image.split("@sha256:")[1].slice(0, 1),
            ]),
        );
    }

    /** Writes the machine's kubeconfig, with the ways to these clusters alone. */
    function reach(...names: string[]): void {
        const config = {
            "current-context": "",
            clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.example` } })),
            contexts: names.map((name) => ({ name, context: { cluster: name, user: "admin" } })),
            users: [{ name: "admin", user: { exec: { command: "gke-gcloud-auth-plugin" } } }],
        };
        writeFileSync(kubeconfig, JSON.stringify(config));
    }
});

/** Registers what an environment registers in its clusters. */
function program({ digit, services, suspended }: Wanted): string {
    const from = (path: string) => JSON.stringify(join(root, path));
    return `
        import * as pulumi from "@pulumi/pulumi";
        import { clusterProvider, suspendedProvider } from ${from("components/clusterProvider")};
        import { clusterWorkloads } from ${from("components/clusterWorkloads")};
        import { suspendedCluster } from ${from("components/suspendedCluster")};
        import { readKept } from ${from("core/facts/readKept")};
        import { plan } from ${from("test/components/plan")};
        import { environment, service, settings } from ${from("test/components/settings")};

        const names = ${JSON.stringify(services)};
        const catalog = { services: Object.fromEntries(names.map((name) => [name, service(name)])) };
        const cluster = (context, more = {}) => ({ name: context, region: context, context, managed: false, ...more });
        const clusters = [cluster("eu"), cluster("us", ${suspended ? "{ suspended: true }" : "{}"})];
        const test = { ...environment("prod", { clusters, namespace: "shop" }), name: "test" };
        const context = {
            environment: "test", cloudProject: "acme-prod", namespace: "shop", partOf: "shop", services: catalog.services,
            image: (name) => \`registry.example/stable/\${name}@sha256:\${"${digit}".repeat(64)}\`,
            commit: () => "${digit}".repeat(40), migrates: () => false,
        };
        export = async () => {
            const kept = await readKept("shop", test);
            const parent = new pulumi.ComponentResource("oneflow:index:Environment", "shop");
            for (const { context: key, suspended } of clusters) {
                if (suspended) {
                    suspendedCluster(kept[key], suspendedProvider(key, key, { parent }), parent);
                } else {
                    const provider = clusterProvider(key, key, { parent });
                    const args = { plan: plan(settings({ catalog }), test), catalog, context, provider, dependsOn: [] };
                    await clusterWorkloads(key, args, parent);
                }
            }
        };
    `;
}
