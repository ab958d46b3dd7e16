import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { overLimits, type Standing } from "../../core/github/limits";
import { deliveryBranches, repositoryPlans } from "../../core/github/repositories";
import { rulesets } from "../../core/github/rulesets";
import { blobHash } from "../../core/github/workflowFiles";
import { Cloud } from "../../sandbox/providers/cloud";
import { ruleViolation, type ReferenceChange } from "../../sandbox/providers/github/rules";
import { settings } from "../components/settings";
import { manyRepositories, monorepo, oneEnvironment } from "../workflows/documentSettings";

describe("What GitHub is to hold", () => {
    it("is workflow files on the branches whose pushes run them", () => {
        assert.deepEqual(deliveryBranches("acme/shop", monorepo), { needed: ["main", "develop"], further: ["master"] });
        assert.deepEqual(deliveryBranches("acme/shop", oneEnvironment), {
            needed: ["trunk", "develop"],
            further: ["main", "master"],
        });
        assert.deepEqual(deliveryBranches("acme/delivery", manyRepositories), { needed: ["main"], further: [] });
        assert.deepEqual(deliveryBranches("acme/cart", manyRepositories), { needed: ["develop"], further: ["main", "master"] });
    });

    it("leaves administrators free of reviews only where files are delivered without a pull request", () => {
        const modes = (workflowFiles?: "direct") =>
            rulesets({ ...monorepo.delivery, ...(workflowFiles && { workflowFiles }) }, { operations: true, source: true })[0].free;
        assert.deepEqual(modes(), [{ role: "administrator", mode: "pullRequest" }]);
        assert.deepEqual(modes("direct"), [{ role: "administrator", mode: "always" }]);
    });

    it("compares files as git hashes them", () => {
        assert.equal(blobHash("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
        assert.equal(blobHash("→\n"), "f4daa4cd5dede94bbeb96c6e46723332bb414b62");
    });
});

describe("What GitHub's plans give", () => {
    const reviewed = settings().environments.map((one) => (one.name === "prod" ? { ...one, reviewers: ["acme/managers"] } : one));
    const plans = repositoryPlans(settings({ environments: reviewed }));
    const asked = (standing: Partial<Standing>) =>
        overLimits(plans, { "acme/shop": { private: true, owner: "organization", ...standing } });

    it("is reviewers of deployments: in public repositories and with Enterprise, refused by name elsewhere", () => {
        assert.deepEqual(asked({ plan: "team" }), [
            {
                subject: "Pulumi.prod.yaml: reviewers",
                message: "acme/shop is private, and its owner's plan (team) has no required reviewers; GitHub Enterprise has",
                remedy: "delete the line, and name owners of Pulumi.prod.yaml in CODEOWNERS: merging is deploying",
            },
        ]);
        assert.deepEqual([...asked({ plan: "enterprise" }), ...asked({ plan: "free", private: false }), ...asked({})], []);
    });

    it("is workflows of a private repository for repositories of its owner alone", () => {
        const cart = manyRepositories.catalog.services.service0;
        const image = { ...cart.image, repository: "beta/mail" } as typeof cart.image;
        const foreign = repositoryPlans({ ...manyRepositories, catalog: { services: { mail: { ...cart, image } } } });
        const standing: Standing = { private: true, owner: "organization", plan: "enterprise" };
        const standings = (operations: Standing) => ({ "acme/delivery": operations, "beta/mail": standing });
        assert.deepEqual(
            overLimits(foreign, standings(standing)).map(({ subject, remedy }) => [subject, remedy]),
            [["beta/mail", "move it to acme, or make acme/delivery public"]],
        );
        assert.deepEqual(overLimits(foreign, standings({ ...standing, private: false })), []);
    });
});

describe("The sandbox's GitHub", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-rules-"));
    const cloud = new Cloud(directory);
    const repository = { fullName: "acme/shop", id: 1, ownerId: 2, private: true, defaultBranch: "main", branches: ["main"] };
    after(() => rmSync(directory, { recursive: true, force: true }));
    before(() => {
        for (const { name, target, references, rules, free } of rulesets(monorepo.delivery, { operations: true, source: true })) {
            cloud.store.put(`github/acme/shop/rulesets/${name}`, {
                ...{ name, target, enforcement: "active", rules, conditions: { refName: { includes: references, excludes: [] } } },
                bypassActors: free.map(({ mode }) => ({
                    ...{ actorType: "RepositoryRole", actorId: 5 },
                    bypassMode: mode === "always" ? "always" : "pull_request",
                })),
            });
        }
    });
    const violation = (reference: string, what: ReferenceChange["what"], more: Partial<ReferenceChange> = {}) =>
        ruleViolation(cloud, repository, { reference, what, ...more })?.split("\n\n")[1];

    it("holds a developer's pushes against the platform's rules", () => {
        assert.equal(violation("refs/heads/main", "update"), "Changes must be made through a pull request.");
        assert.equal(violation("refs/heads/main", "update", { pullRequest: true }), undefined);
        assert.equal(violation("refs/heads/develop", "forcedUpdate"), undefined);
        assert.equal(violation("refs/heads/feature/hotfix/x", "creation"), undefined);
        for (const branch of ["hotfix/cart", "hotfix/2026/cart"]) {
            assert.equal(violation(`refs/heads/${branch}`, "creation"), "Cannot create ref due to creations being restricted.");
            assert.equal(violation(`refs/heads/${branch}`, "update"), undefined);
        }
        assert.equal(violation("refs/tags/v1.4.0", "creation"), "Cannot create ref due to creations being restricted.");
        assert.equal(violation("refs/tags/nightly", "creation"), undefined);
    });

    it("lets an administrator release and begin a hotfix, but neither push to main nor move a release", () => {
        const as = { role: "administrator" } as const;
        assert.equal(violation("refs/tags/v1.4.0", "creation", as), undefined);
        assert.equal(violation("refs/heads/hotfix/cart", "creation", as), undefined);
        assert.equal(violation("refs/heads/main", "update", as), "Changes must be made through a pull request.");
        assert.equal(violation("refs/tags/v1.4.0", "update", as), "Cannot update this protected ref.");
        assert.equal(violation("refs/tags/v1.4.0", "deletion", as), "Cannot delete this protected ref.");
    });
});
