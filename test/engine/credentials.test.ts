import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contexts } from "../../core/facts/kubeconfig";
import { basicAuthorization } from "../../sandbox/registry/push";
import { recorded, running } from "../../sandbox/story/readback";
import { kubeconfigOf, tokenOf } from "../../sandbox/world/credentials";
import { runPulumi, stackVariables } from "../../sandbox/world/engine";
import { identities } from "../../sandbox/world/names";
import { errors } from "./engineEvents";
import { deliveredShop, type Shop, succeeded } from "./shop";
import { stateOf, witness } from "./witness";

describe("The credentials of a promotion", function () {
    this.timeout(300_000);
    let shop: Shop;

    before(async () => {
        shop = await deliveredShop();
        await shop.delivery.configure("prod", ["commit", shop.first]);
    });

    it("are those of registry, state and cluster: no GitHub token, no Google Cloud credentials, one provider", async () => {
        const { layout, daemon } = shop.world;
        const variables = await stackVariables(layout, daemon, "prod");
        assert.deepEqual(Object.keys(variables).sort(), [
            ...[
                "DOCKER_CONFIG",
                "KUBECONFIG",
                "PATH",
                "PULUMI_BACKEND_URL",
                "PULUMI_CONFIG_PASSPHRASE_FILE",
                "PULUMI_DEBUG_PROVIDERS",
            ],
            ...["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_HOME", "PULUMI_SKIP_UPDATE_CHECK"],
        ]);
        assert.match(variables.PULUMI_DEBUG_PROVIDERS, /^kubernetes:\d+$/);
        assert.match(
            (await stackVariables(layout, daemon, "platform")).PULUMI_DEBUG_PROVIDERS,
            /gcp:\d+.*github:\d+|github:\d+.*gcp:\d+/,
        );
        const docker = JSON.parse(readFileSync(join(variables.DOCKER_CONFIG, "config.json"), "utf8")) as { auths: object };
        assert.deepEqual(Object.keys(docker.auths), [daemon.registry]);
    });

    it("without the right to read the tier before make the promotion fail with the permission's name, and change nothing", async () => {
        const { iam } = shop.world.cloud;
        const grant = [
            "projects/acme-stage/locations/europe-west1/repositories/release-candidate",
            "roles/artifactregistry.reader",
            identities()["deployer-prod"],
        ] as const;
        assert.ok(iam.allows(grant[2], "artifactregistry.repositories.downloadArtifacts", grant[0]));
        iam.revoke(...grant);
        try {
            const before = await witness(shop.world, "prod");
            const run = await shop.up("prod");
            assert.notEqual(run.code, 0);
            assert.match(errors(run)[0], /artifactregistry\.repositories\.downloadArtifacts/);
            assert.match(errors(run)[0], /acme-stage\/release-candidate/);
            const { registry, cloud } = await witness(shop.world, "prod");
            assert.deepEqual({ registry, cloud }, { registry: before.registry, cloud: before.cloud });
            assert.deepEqual(
                stateOf(shop.world, "prod").map(({ type }) => type),
                ["pulumi:pulumi:Stack"],
            );
            assert.deepEqual(await running(shop.world, "prod"), {});
        } finally {
            iam.grant(...grant);
        }
    });

    it("suffice in an empty home directory, and configure no gcp, github or docker provider", async () => {
        const { layout, daemon } = shop.world;
        const home = mkdtempSync(join(tmpdir(), "oneflow-home-"));
        try {
            const variables = { ...(await stackVariables(layout, daemon, "prod")), HOME: home };
            const args = ["up", "--yes", "--skip-preview", "--stack", "prod"];
            succeeded(await runPulumi(args, { checkout: layout.operations, variables }));
        } finally {
            rmSync(home, { recursive: true, force: true });
        }
        assert.deepEqual(await running(shop.world, "prod"), await running(shop.world, "stage"));
        assert.deepEqual((await recorded(shop.world, "prod"))?.request, { commit: shop.first, pins: {} });
        const packages = new Set(
            stateOf(shop.world, "prod").map(({ type }) => type.replace(/^pulumi:providers:/, "").split(":")[0]),
        );
        assert.deepEqual([...packages].sort(), ["kubernetes", "oneflow", "pulumi", "pulumi-nodejs"]);
    });

    it("read the tier and the runs before, and write an own tier and own runs, and nothing else", async () => {
        const repositories = [
            ...["acme-dev/develop", "acme-dev/develop-runs", "acme-stage/release-candidate", "acme-stage/release-candidate-runs"],
            ...["acme-prod/stable", "acme-prod/stable-runs", "acme-delivery/deploy"],
        ];
        const rights = async (identity: string) =>
            (await Promise.all(repositories.map((repository) => rightsOn(shop, identity, repository)))).join(" ");
        const names = Object.keys(identities()).filter((name) => name !== "administrator");
        assert.deepEqual(Object.fromEntries(await Promise.all(names.map(async (name) => [name, await rights(name)]))), {
            //                develop runs candidate runs stable runs deploy
            builder: /*     */ "rw -- -- -- -- -- --",
            releaser: /*    */ "r- r- r- r- r- r- rw",
            auditor: /*     */ "r- r- r- r- r- r- r-",
            "deployer-dev": "rw rw -- -- -- -- r-",
            "deployer-stage": "r- r- rw rw -- -- r-",
            "deployer-prod": "-- -- r- r- rw rw r-",
            "nodes-dev": "r- -- -- -- -- -- --",
            "nodes-stage": "-- -- r- -- -- -- --",
            "nodes-prod": "-- -- -- -- r- -- --",
        });
    });

    it("reach the cluster of their own environment and no other", () => {
        const reached = Object.keys(identities())
            .filter((name) => /^deployer-|^builder$|^releaser$/.test(name))
            .map((name) => [name, contexts({ KUBECONFIG: kubeconfigOf(shop.world.layout, name) }).names]);
        assert.deepEqual(Object.fromEntries(reached), {
            builder: [],
            releaser: [],
            "deployer-dev": ["gke_acme-dev_europe-west1_acme-shop-dev"],
            "deployer-stage": ["gke_acme-stage_europe-west1_acme-shop-stage"],
            "deployer-prod": ["gke_acme-prod_europe-west1_acme-shop-prod"],
        });
    });
});

/** What an identity's token may do in a registry repository, asked of the registry itself: `r` for pulls, `w` for pushes. */
async function rightsOn({ world }: Shop, identity: string, repository: string): Promise<string> {
    const headers = { authorization: basicAuthorization(tokenOf(world.layout, identity)) };
    const image = `http://${world.daemon.registry}/v2/${repository}/probe`;
    const read = await fetch(`${image}/tags/list`, { headers });
    const write = await fetch(`${image}/blobs/uploads/`, { method: "POST", headers });
    assert.ok([200, 403, 404].includes(read.status), `${read.status} ${await read.text()}`);
    assert.ok([202, 403].includes(write.status), `${write.status} ${await write.text()}`);
    return `${read.status === 403 ? "-" : "r"}${write.status === 403 ? "-" : "w"}`;
}
