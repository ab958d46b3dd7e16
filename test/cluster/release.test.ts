import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { lockSchema } from "../../core/release/lock";
import { publishRelease, releaseOf } from "../../core/release/publish";
import type { Release } from "../../core/release/release";
import type { ClusterObject } from "../../sandbox/kubernetes/clusterClient";
import { readSettings } from "../../core/settings/load";
import { recorded, registryAs } from "../../sandbox/story/readback";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { kubeconfigOf } from "../../sandbox/world/credentials";
import { organisation } from "../../sandbox/world/names";
import { copyNamespace } from "../bench/clusterWorld";
import { type Deployment, isRolledOut, type Pod, serves } from "./observed";
import { RealShop } from "./realShop";

const run = promisify(execFile);

/** Collections in which a release's objects stand. */
const collections = {
    v1: ["services", "serviceaccounts", "configmaps"],
    "apps/v1": ["deployments", "statefulsets"],
    "batch/v1": ["jobs", "cronjobs"],
    "networking.k8s.io/v1": ["networkpolicies"],
    "policy/v1": ["poddisruptionbudgets"],
    "autoscaling/v2": ["horizontalpodautoscalers"],
};

/** Each test is a way to deploy the release where nobody has oneflow: a namespace, and nodes that read the deploy registry alone. */
describe("A release on a real cluster, without oneflow", function () {
    this.timeout(300_000);
    let shop: RealShop;
    let release: Release;
    let folder: string;
    let tools: Record<"helm" | "kubectl" | "kustomize" | "crane", string>;
    let restore: () => void;
    const stranger = { member: "user:operator@elsewhere.example", token: "ya29.operator-elsewhere" };

    before(async () => {
        shop = await RealShop.shared();
        const names = ["helm", "kubectl", "kustomize", "crane"] as const;
        const [helm, kubectl, kustomize, crane] = await Promise.all(names.map((name) => toolPath(name)));
        tools = { helm, kubectl, kustomize, crane };
        folder = mkdtempSync(join(tmpdir(), "oneflow-release-"));
        release = await releaseOfDev(shop);
        const { world } = shop.shop;
        await publishRelease(registryAs(world, "releaser"), release, world.environment("dev"));
        restore = onlyDeployIsReachable(shop, stranger);
        const auth = Buffer.from(`oauth2accesstoken:${stranger.token}`).toString("base64");
        const host = release.deploy.split("/")[0];
        writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    });
    after(() => {
        restore?.();
        if (folder) rmSync(folder, { recursive: true });
    });

    /** A tool as the operator of that cluster runs it: their own registry credentials, an administrator's kubeconfig. */
    const tool = async (name: keyof typeof tools, ...args: string[]) => {
        const { layout } = shop.shop.world;
        const homes = { HOME: folder, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
        const env = {
            ...homes,
            PATH: "",
            HELM_REGISTRY_CONFIG: join(folder, "config.json"),
            DOCKER_CONFIG: folder,
            KUBECONFIG: kubeconfigOf(layout, "administrator"),
        };
        return (await run(tools[name], args, { env, encoding: "buffer", maxBuffer: 1 << 26 })).stdout;
    };

    it("comes up by helm install of its version, and is what the program deploys", async () => {
        const { namespace } = shop.shop.world.environment("dev");
        await copyNamespace(shop.administrator, namespace, "elsewhere");
        const chart = `oci://${release.deploy}/${release.project}`;
        await tool(
            ...(["helm", "install", "shop", chart, "--version", release.version, "--plain-http"] as const),
            ...["--namespace", "elsewhere", "--wait", "--timeout", "120s"],
        );
        assert.deepEqual(await objectsIn(shop, "elsewhere", release), await objectsIn(shop, namespace, release));
        await runsTheLock(shop, "elsewhere", release);
        await tool("helm", "uninstall", "shop", "--namespace", "elsewhere", "--wait", "--cascade=foreground");
    });

    it("comes up by kubectl apply of what kustomize builds, and is what the program deploys", async () => {
        const { namespace } = release.target;
        const program = await objectsIn(shop, namespace, release);
        const manifest = JSON.parse(
            (await tool("crane", "manifest", "--insecure", `${release.deploy}/${release.project}:v${release.version}`)).toString(),
        ) as { layers: { mediaType: string; digest: string }[] };
        const layer = manifest.layers.find(({ mediaType }) => mediaType.includes("kustomization"))!;
        const archive = join(folder, "kustomization.tar.gz");
        writeFileSync(archive, await tool("crane", "blob", "--insecure", `${release.deploy}/${release.project}@${layer.digest}`));
        const own = join(folder, "kustomization");
        mkdirSync(own);
        await run("tar", ["-xzf", archive, "-C", own]);
        // An overlay sends the same objects to the namespace of somebody else.
        const overlay = join(folder, "overlay");
        mkdirSync(overlay);
        writeFileSync(
            join(overlay, "kustomization.yaml"),
            JSON.stringify({
                apiVersion: "kustomize.config.k8s.io/v1beta1",
                kind: "Kustomization",
                namespace: "nearby",
                resources: ["../kustomization"],
            }),
        );
        await copyNamespace(shop.administrator, namespace, "nearby");
        const built = join(folder, "built.yaml");
        writeFileSync(built, await tool("kustomize", "build", overlay));
        await tool("kubectl", "apply", "--filename", built);
        const deployments = Object.values(release.lock.catalog.services).map(({ name }) => name);
        await shop.administrator.until<Deployment>(
            "/apis/apps/v1/namespaces/nearby/deployments",
            (all) => all.length === deployments.length && all.every(isRolledOut),
        );
        assert.deepEqual(await objectsIn(shop, "nearby", release), program);
        await runsTheLock(shop, "nearby", release);
        await tool("kubectl", "delete", "--kustomize", overlay, "--wait", "--cascade=foreground");
    });
});

/** A release of what runs in dev, rendered for dev: there the program's own objects stand beside it. */
async function releaseOfDev({ shop: { world } }: RealShop): Promise<Release> {
    const { images, catalog, request } = (await recorded(world, "dev"))!;
    const { name, project, namespace } = world.environment("dev");
    const settings = readSettings({ directory: world.layout.operations, stack: "dev" });
    const source = { repository: world.repository, commit: request.commit, branch: "main" } as const;
    const made = releaseOf(settings, "1.4.0", { schema: lockSchema, source, catalog, images });
    return { ...made, target: { environment: name, cloudProject: project, namespace } };
}

/**
 * Takes the tier from the nodes of dev's cluster and gives them the deploy registry, and that alone, as it does to whoever operates
 * there. What runs already was pulled.
 *
 * @returns what gives the nodes back what they had
 */
function onlyDeployIsReachable({ shop: { world } }: RealShop, stranger: { member: string; token: string }): () => void {
    const { iam } = world.cloud;
    const { project, region, clusters, tier } = world.environment("dev");
    const { nodeMember } = world.cloud.clusters().find(({ key }) => key === `${project}/${region}/${clusters[0].name}`)!;
    const reader = "roles/artifactregistry.reader";
    const develop = [`projects/${project}/locations/${region}/repositories/${tier}`, reader, nodeMember] as const;
    const deploy = `projects/${organisation.projects.platform}/locations/${region}/repositories/deploy`;
    world.cloud.addIdentity(stranger);
    iam.grant(deploy, reader, stranger.member);
    iam.grant(deploy, reader, nodeMember);
    iam.revoke(...develop);
    return () => {
        iam.revoke(deploy, reader, nodeMember);
        iam.grant(...develop);
    };
}

/** What stands in a namespace, without what an API server and Helm add, as if its images came from the deploy registry. */
async function objectsIn({ administrator, shop: { world } }: RealShop, namespace: string, { deploy }: Release): Promise<object[]> {
    const { registry, tier } = world.environment("dev");
    const found: object[] = [];
    for (const [apiVersion, names] of Object.entries(collections)) {
        const base = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/namespaces/${namespace}`;
        for (const collection of names) {
            const { items } = await administrator.get<{ items: ClusterObject[] }>(`${base}/${collection}`);
            const own = items.filter(({ metadata }) => !["default", "kube-root-ca.crt"].includes(metadata.name));
            const plain = own.map((object) => ({ collection, ...asWritten(object) }));
            // A Job's name ends in a hash of its template, and so of the registry.
            const text = JSON.stringify(plain)
                .replaceAll(`${registry}/${tier}/`, `${deploy}/`)
                .replaceAll(/(?<=-(?:migrate|verify)-)[0-9a-f]{8}(?=")/g, "<hash>")
                .replaceAll(/(?<="(?:batch\.kubernetes\.io\/)?controller-uid":")[-0-9a-f]{36}/g, "<uid>");
            found.push(...(JSON.parse(text) as object[]));
        }
    }
    return found;
}

/** By whom and when an object was made, its state, and addresses that the cluster gave it are no part of what was asked for. */
function asWritten(object: ClusterObject & { status?: unknown; spec?: Record<string, unknown> }): object {
    const { status: _state, metadata, spec, ...rest } = object;
    const { name, labels, annotations = {} } = metadata;
    // How many pods a Deployment has belongs to its autoscaler, or to whoever scaled it in another file of this suite.
    const given = ["clusterIP", "clusterIPs", "healthCheckNodePort", "replicas"];
    const asked = spec && Object.fromEntries(Object.entries(spec).filter(([key]) => !given.includes(key)));
    const ports = (asked?.ports as { nodePort?: number }[] | undefined)?.map(({ nodePort: _given, ...port }) => port);
    return {
        ...rest,
        name,
        // Helm writes its own name over what manages an object, whatever the chart says.
        labels: { ...labels, "app.kubernetes.io/managed-by": "whoever deploys it" },
        annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => ownAnnotations.test(key))),
        ...(asked && { spec: { ...asked, ...(ports && { ports }) } }),
    };
}

/** All others are of Helm, of controllers, kubectl and the provider, or of people. The release is not there where dev got a commit. */
const ownAnnotations = /^oneflow\.dev\/(?!release$)/;

/** Every pod that serves, or was a Job's and has ended, pulled what the lock says, from the deploy registry. */
async function runsTheLock({ administrator }: RealShop, namespace: string, { deploy, lock }: Release): Promise<void> {
    const pods = await administrator.until<Pod>(`/api/v1/namespaces/${namespace}/pods`, (all) =>
        all.every((pod) => serves(pod) || pod.status.phase === "Succeeded"),
    );
    const pulled = pods.flatMap(({ spec, status }) => [
        ...spec.containers.map(({ image }) => image),
        ...(status.containerStatuses ?? []).map(({ imageID }) => imageID),
    ]);
    const locked = new Set(Object.entries(lock.images).map(([name, { digest }]) => `${deploy}/${name}@${digest}`));
    assert.deepEqual(
        [...new Set(pulled)].filter((image) => !locked.has(image)),
        [],
    );
    assert.ok(pulled.length >= 2 * Object.keys(lock.catalog.services).length);
}
