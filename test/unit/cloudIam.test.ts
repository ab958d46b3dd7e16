import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";

describe("The simulated cloud", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-cloud-"));
    const cloud = new Cloud(directory);
    const admin = "user:admin@acme.example";
    const builder = "serviceAccount:builder@acme-dev.iam.gserviceaccount.com";
    const repository = "projects/acme-dev/locations/europe-west1/repositories";
    const pull = "artifactregistry.repositories.downloadArtifacts";
    const push = "artifactregistry.repositories.uploadArtifacts";
    before(() => {
        cloud.addProject({ id: "acme-dev", number: "1001", owner: admin });
        cloud.addProject({ id: "acme-prod", number: "1002", owner: admin });
        cloud.iam.grant(`${repository}/develop`, "roles/artifactregistry.writer", builder);
    });
    after(() => rmSync(directory, { recursive: true, force: true }));

    it("lets an owner do everything in their project and a stranger nothing", () => {
        assert.equal(cloud.allows(admin, push, `${repository}/develop`), true);
        assert.equal(cloud.allows("user:other@acme.example", pull, `${repository}/develop`), false);
    });

    it("lets a member push where it was granted, and nowhere beside", () => {
        assert.equal(cloud.allows(builder, push, `${repository}/develop`), true);
        assert.equal(cloud.allows(builder, push, `${repository}/stable`), false);
        assert.equal(cloud.allows(builder, push, "projects/acme-prod/locations/europe-west1/repositories/develop"), false);
        assert.equal(cloud.allows(builder, "artifactregistry.repositories.delete", `${repository}/develop`), false);
    });

    it("hands a project's grant down to all that lies in it", () => {
        const auditor = "serviceAccount:auditor@acme-dev.iam.gserviceaccount.com";
        cloud.iam.grant("projects/acme-dev", "roles/artifactregistry.reader", auditor);

        assert.equal(cloud.allows(auditor, pull, `${repository}/stable`), true);
        assert.equal(cloud.allows(auditor, push, `${repository}/stable`), false);
    });

    it("knows what a custom role lets once the role was made", () => {
        const member = "serviceAccount:deployer@acme-dev.iam.gserviceaccount.com";
        const cluster = "projects/acme-dev/locations/europe-west1/clusters/shop";
        cloud.iam.grant("projects/acme-dev", "projects/acme-dev/roles/access", member);
        assert.equal(cloud.allows(member, "container.clusters.connect", cluster), false);

        cloud.store.put("projects/acme-dev/roles/access", { permissions: ["container.clusters.connect"] });
        assert.equal(cloud.allows(member, "container.clusters.connect", cluster), true);
        assert.equal(cloud.allows(member, "container.clusters.delete", cluster), false);
    });

    it("holds a condition against the resource's name", () => {
        const member = "serviceAccount:deployer@acme-dev.iam.gserviceaccount.com";
        cloud.store.put("buckets/acme-state", { project: "acme-dev" });
        cloud.iam.grant("buckets/acme-state", "roles/storage.objectUser", member, {
            title: "own state",
            expression: 'resource.name.startsWith("projects/_/buckets/acme-state/objects/dev/")',
        });

        assert.equal(cloud.allows(member, "storage.objects.get", "buckets/acme-state/objects/dev/stack.json"), true);
        assert.equal(cloud.allows(member, "storage.objects.get", "projects/_/buckets/acme-state/objects/prod/stack.json"), false);
        assert.equal(cloud.allows(admin, "storage.objects.get", "buckets/acme-state/objects/prod/stack.json"), true);
    });

    it("forgets a grant that was taken away", () => {
        const member = "user:temp@acme.example";
        cloud.iam.grant(`${repository}/develop`, "roles/artifactregistry.reader", member);
        assert.equal(cloud.allows(member, pull, `${repository}/develop`), true);
        cloud.iam.revoke(`${repository}/develop`, "roles/artifactregistry.reader", member);
        assert.equal(cloud.allows(member, pull, `${repository}/develop`), false);
    });

    it("is the same world for whoever opens the folder later", () => {
        cloud.addIdentity({ token: "ya29.a/b", member: builder });
        cloud.addCluster({ name: "kind", server: "https://127.0.0.1:6443", admins: [admin], nodeMember: "allUsers" });
        const later = new Cloud(directory);

        assert.deepEqual(later.project("1002"), { id: "acme-prod", number: "1002" });
        assert.equal(later.project("acme-stage"), undefined);
        assert.equal(later.identify("ya29.a/b"), builder);
        assert.equal(later.identify("ya29.c"), undefined);
        assert.equal(later.clusterAt("https://127.0.0.1:6443/")?.key, "kind");
        assert.equal(later.allows(builder, push, `${repository}/develop`), true);
    });

    it("refuses a name that would leave its folder", () => {
        assert.throws(() => cloud.resource("projects/../../etc/passwd"), /names no record/);
    });
});
