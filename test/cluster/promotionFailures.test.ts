import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { breakService, changeService, mendService } from "../../sandbox/git/monorepo";
import type { EngineRun } from "../../sandbox/world/engine";
import type { World } from "../../sandbox/world/world";
import { writeKeys } from "../engine/catalogEdits";
import type { Pod } from "./observed";
import { RealShop } from "./realShop";
import { succeeded } from "../engine/shop";

type Serving = Awaited<ReturnType<RealShop["serving"]>>;

/** Each test goes on from where the one before left dev: what one broke, the next one's commit mends. */
describe("A promotion that a real Kubernetes does not bring to life", function () {
    this.timeout(600_000);
    let real: RealShop;
    let healthy: Serving;
    let earlier: Serving;
    /** The commands that the last report gives for the way back. */
    let back: string;
    const service = (name: string) => real.shop.world.catalog().services[name];
    const edit = (message: string, change: (checkout: string) => Promise<void>) => real.shop.edit(message, change);

    /** Deploys what cannot come to life. @returns the report at the end of what a person sees */
    async function failure(commit: string, failed: string): Promise<string> {
        earlier = await real.serving();
        const run = await real.deploy(commit);
        assert.notEqual(run.code, 0, run.output);
        const report = reportOf(run);
        assert.deepEqual(failedResources(report), [failed], report);
        assertWayBack(report);
        return report;
    }

    /** Pods, digests and record of what served before: nothing of it may have moved. */
    const unharmed = async () => assert.deepEqual(await real.serving(), earlier);

    /** By which words the last healthy commit is brought back. */
    function assertWayBack(report: string): void {
        const { request, at } = earlier.record!;
        back = `pulumi config set commit ${request.commit} -s dev && pulumi up -s dev`;
        const lines = report.split("\n").map((line) => line.trim());
        assert.ok(lines.includes(`→ back to ${request.commit.slice(0, 7)}…, healthy at ${at}: ${back}`), report);
        assert.ok(lines.includes("→ again, once the cause is mended: pulumi up -s dev"), report);
    }

    before(async () => {
        real = await RealShop.shared();
        healthy = await real.serving();
    });

    it("names the pod that crashes, and how its container ended", async () => {
        const commit = await edit("Cache advertisements", (at) => breakService(at, service("adservice"), "crash"));
        assert.match(
            await failure(commit, "Deployment europe-west1-adservice"),
            /\* Pod (adservice-\S+): containers with unready status: \[adservice\] -- \[CrashLoopBackOff\] back-off 10s restarting failed container=adservice pod=\1; \[Error\] container "adservice" completed with exit code 1 \(image \S+\/acme-dev\/develop\/adservice@sha256:[0-9a-f]{64}\)$/m,
        );
        await unharmed();
    });

    it("names the pod whose readiness probe never succeeds", async () => {
        const commit = await edit("Charge at once", async (at) => {
            await mendService(at, service("adservice"));
            await breakService(at, service("paymentservice"), "never-ready");
        });
        assert.match(
            await failure(commit, "Deployment europe-west1-paymentservice"),
            /\* Pod paymentservice-\S+: containers with unready status: \[paymentservice\] -- \[ContainersNotReady\] they run, and their readiness probes do not succeed \(image /,
        );
        await unharmed();
    });

    it("names the image that the nodes may not pull", async () => {
        const { iam } = real.shop.world.cloud;
        const { nodeMember } = real.shop.world.cloud.clusters().find(({ key }) => key.startsWith("acme-dev/"))!;
        const reader = [
            "projects/acme-dev/locations/europe-west1/repositories/develop",
            "roles/artifactregistry.reader",
            nodeMember,
        ] as const;
        const commit = await edit("Thank twice", async (at) => {
            await mendService(at, service("paymentservice"));
            await changeService(at, service("emailservice"), "Thank twice");
        });
        iam.revoke(...reader);
        assert.match(
            await failure(commit, "Deployment europe-west1-emailservice"),
            /\* Pod emailservice-\S+: containers with unready status: \[emailservice\] -- \[ImagePullBackOff\] Back-off pulling image "\S+\/acme-dev\/develop\/emailservice@sha256:[0-9a-f]{64}": .*artifactregistry\.repositories\.downloadArtifacts/,
        );
        await unharmed();
        iam.grant(...reader);
        await real.untilRolledOut("emailservice");
    });

    it("names the quota that has no room for the new pod", async () => {
        const commit = await edit("Ship by train", (at) => changeService(at, service("shippingservice"), "Ship by train"));
        const room = await real.limitPods("1");
        assert.match(
            await failure(commit, "Deployment europe-west1-shippingservice"),
            /\* \[FailedCreate\] pods "shippingservice-\S+" is forbidden: exceeded quota: oneflow, requested: pods=1, used: pods=\d+, limited: pods=1$/m,
        );
        await unharmed();
        await real.limitPods(room);
        await real.untilRolledOut("shippingservice");
    });

    it("quotes the policy that takes the Deployment and refuses its pods", async () => {
        const name = "recommendationservice";
        const commit = await edit("Recommend less", (at) => changeService(at, service(name), "Recommend less"));
        const [pod] = (await real.administrator.get<{ items: Pod[] }>(real.podsOf(name))).items;
        const allow = await real.forbid("", "pods", name, real.path("v1", `pods/${pod.metadata.name}`), "images must be signed");
        assert.match(
            await failure(commit, "Deployment europe-west1-recommendationservice"),
            /\* \[FailedCreate\] pods "recommendationservice-\S+" is forbidden: ValidatingAdmissionPolicy 'signed-images' with binding 'signed-images' denied request: images must be signed$/m,
        );
        await unharmed();
        await allow();
        await real.untilRolledOut(name);
    });

    it("quotes the migration that failed; the Deployment was not touched", async () => {
        const { metadata } = await real.deployment("cartservice");
        const commit = await edit("Migrate twice", (at) => breakService(at, service("cartservice"), "crash", "migrate"));
        const report = await failure(commit, "Job europe-west1-cartservice-migrate");
        assert.match(report, /\* \[BackoffLimitExceeded\] Job has reached the specified backoff limit$/m);
        assert.match(
            report,
            /\* Pod cartservice-migrate-\S+: containers with unready status: \[migrate\] -- \[Error\] container "migrate" completed with exit code 1 \(image /,
        );
        await unharmed();
        assert.equal((await real.deployment("cartservice")).metadata.generation, metadata.generation);
    });

    it("quotes the verification that failed; it asked the new pods, so these serve, and no run is recorded", async () => {
        const commit = await edit("Verify twice", async (at) => {
            await mendService(at, service("cartservice"));
            await breakService(at, service("cartservice"), "crash", "verify");
        });
        const report = await failure(commit, "Job europe-west1-cartservice-verify");
        assert.match(report, /\* \[DeadlineExceeded\] Job was active longer than specified deadline$/m);
        assert.match(
            report,
            /\* Pod cartservice-verify-\S+: containers with unready status: \[verify\] -- \[Error\] container "verify" completed with exit code 1 \(image /,
        );
        const { reached, digests, record, outputs } = await real.serving();
        assert.deepEqual([record, outputs], [earlier.record, earlier.outputs]);
        assert.notEqual(digests.cartservice, earlier.digests.cartservice);
        assert.equal(reached.cartservice.length, 1);
        const others = ({ cartservice: _cart, ...rest }: typeof reached) => rest;
        assert.deepEqual(others(reached), others(earlier.reached));
    });

    it("is undone by the two commands of the report", async () => {
        const [set, up] = back.split(" && ").map((command) => command.replace(/^pulumi /, "").split(" "));
        succeeded(await real.shop.world.pulumi("dev", set));
        succeeded(await real.shop.world.pulumi("dev", [...up, "--yes"]));
        const { digests, record, outputs } = await real.serving();
        assert.deepEqual(
            { digests, record, outputs },
            { digests: healthy.digests, record: healthy.record, outputs: healthy.outputs },
        );
        succeeded(await real.shop.world.pulumi("dev", ["preview", "--expect-no-changes"]));
    });

    it("quotes the policy that refuses the Deployment itself", async () => {
        const name = "productcatalogservice";
        const commit = await edit("Sort by price", async (at) => {
            await mendService(at, service("cartservice"));
            await changeService(at, service(name), "Sort by price");
        });
        const allow = await real.forbid(
            "apps",
            "deployments",
            name,
            real.path("apps/v1", `deployments/${name}`),
            "images must be signed",
        );
        assert.match(
            await failure(commit, `Deployment europe-west1-${name}`),
            /deployments\.apps "productcatalogservice" is forbidden: ValidatingAdmissionPolicy 'signed-images' with binding 'signed-images' denied request: images must be signed$/m,
        );
        const { reached, record } = await real.serving();
        assert.deepEqual([reached[name], record], [earlier.reached[name], earlier.record]);
        await allow();
    });

    it("is healthy once the cause is mended and it is asked for again", async () => {
        succeeded(await real.up());
        const { record, digests, outputs } = await real.serving();
        assert.notEqual(digests.productcatalogservice, earlier.digests.productcatalogservice);
        assert.equal(record?.request.commit, outputs?.commit);
        assert.equal((outputs?.images as typeof digests).productcatalogservice, digests.productcatalogservice);
    });

    it("names the image that somebody deleted, where an unchanged service asks for one pod more", async () => {
        const name = "adservice";
        const { world } = real.shop;
        const { [name]: digest } = (await real.serving()).digests;
        const kept = manifestMarker(world, name, digest);
        const mediaType = await readFile(kept, "utf8");
        await rm(kept);
        writeKeys(world.layout.operations, name, { replicas: 2 });
        earlier = await real.serving();
        const run = await real.up();
        assert.notEqual(run.code, 0);
        assert.match(
            reportOf(run),
            /\* Pod adservice-\S+: containers with unready status: \[adservice\] -- \[ImagePullBackOff\] Back-off pulling image "\S+": failed to pull and unpack image "\S+": not found \(image /,
        );
        await unharmed();
        await writeFile(kept, mediaType);
        await real.shop.undoEdits();
        succeeded(await real.up());
    });
});

/** What the engine says at the end of a run. After it come the stack's outputs and the counts. */
function reportOf({ output }: EngineRun): string {
    const [, report] = output.split("\nDiagnostics:\n");
    return report.split(/\n(?:Outputs|Resources):\n/)[0];
}

/** The resources of the cluster that the report has an error of. A migration's name ends with its version's. */
function failedResources(report: string): string[] {
    return report
        .split(/\n(?= {2}\S)/)
        .filter((part) => part.includes("\n    error: "))
        .flatMap((part) => /^ {2}kubernetes:\S+:(\w+) \((\S+)\):$/m.exec(part)?.slice(1).join(" ") ?? [])
        .map((name) => name.replace(/-[0-9a-f]{8}$/, ""));
}

/** The file that lets the registry show a manifest. */
function manifestMarker(world: World, service: string, digest: string): string {
    const hex = digest.slice("sha256:".length);
    return join(world.layout.registry, "repositories", "acme-dev", "develop", service, "_manifests", hex);
}
