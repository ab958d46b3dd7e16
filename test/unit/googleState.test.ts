import assert from "node:assert/strict";
import { stateBucket, stateKey } from "../../core/settings/state";
import type { Cloud } from "../../sandbox/providers/cloud";
import { platformCloud, platformResources } from "./platformCloud";

describe("The state of stacks, over what the platform grants", () => {
    let cloud: Cloud;
    let remove: () => void;
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        ({ cloud, remove } = await platformCloud(await platformResources()));
    });
    after(() => remove());

    const stacks = ["dev", "stage", "prod"];
    const place = (stack: string) => ({ project: `acme-${stack}`, region: "europe-west1" });
    const member = (name: string, project: string) => `serviceAccount:${name}@${project}.iam.gserviceaccount.com`;
    /** Stack → what somebody may do with its state. */
    const rights = (who: string) =>
        Object.fromEntries(
            stacks.map((stack) => {
                const bucket = `buckets/${stateBucket(place(stack).project, stack)}`;
                const may = (permission: string, resource: string) => (cloud.allows(who, permission, resource) ? [permission] : []);
                return [
                    stack,
                    [
                        ...may("storage.objects.list", bucket),
                        ...["get", "create", "delete"].flatMap((verb) =>
                            may(`storage.objects.${verb}`, `${bucket}/objects/.pulumi/x`),
                        ),
                        ...["useToEncrypt", "useToDecrypt"].flatMap((use) =>
                            may(`cloudkms.cryptoKeyVersions.${use}`, stateKey(place(stack), stack)),
                        ),
                        ...may("storage.buckets.setIamPolicy", bucket),
                    ],
                ];
            }),
        );
    const reading = ["storage.objects.list", "storage.objects.get"];
    const decrypting = "cloudkms.cryptoKeyVersions.useToDecrypt";

    for (const own of stacks) {
        it(`is written by its own deployer, which reads no other: ${own}`, () => {
            const written = [...reading, "storage.objects.create", "storage.objects.delete", decrypting];
            assert.deepEqual(rights(member(`deployer-${own}`, `acme-${own}`)), {
                ...{ dev: [], stage: [], prod: [] },
                [own]: written,
            });
        });
    }

    it("is read and decrypted by the auditor, and not written", () => {
        const read = [...reading, decrypting];
        assert.deepEqual(rights(member("auditor", "acme-delivery")), { dev: read, stage: read, prod: read });
    });

    for (const [name, project] of [
        ["builder", "acme-delivery"],
        ["releaser", "acme-delivery"],
        ["nodes-prod", "acme-prod"],
    ]) {
        it(`is out of reach for who has nothing to do with it: ${name}`, () => {
            assert.deepEqual(rights(member(name, project)), { dev: [], stage: [], prod: [] });
        });
    }
});
