import assert from "node:assert/strict";
import { askedFor, refuseFailedBefore } from "../../core/deployment/asked";
import { type Aftermath, reportAftermath } from "../../core/deployment/report";
import { rolloutOf } from "../../core/deployment/rollout";
import { describeLock, lockHolders } from "../../core/deployment/stateLock";
import { describeDeployed } from "../../core/deployment/summary";
import { nextCommands, revertProposal, wayBack } from "../../core/deployment/wayBack";
import { requirePlan } from "../../core/promotion/decide";
import type { Plan } from "../../core/promotion/model";
import { formatRefusal } from "../../core/refusal";
import type { FailedRun } from "../../core/release/failedRun";
import { imageSet, setKey } from "../../core/release/lock";
import { catalogOf, commit, environmentOf, imagesOf, lockOf, nothingKnown, recordOf } from "./promotionExamples";

const catalog = catalogOf("cart", "checkout");
const [dev, stage] = (["dev", "stage"] as const).map(environmentOf);
const healthy = commit("71c44d0");
const failed = commit("9f8e02b");
const at = "2026-11-20T09:12:44Z";
const before = imagesOf(catalog, healthy);
const after = { ...before, checkout: imagesOf(catalog, failed).checkout };
const deployment = "kubernetes:apps/v1:Deployment";
const urn = (type: string, name: string) => `urn:pulumi:stage::acme-shop::oneflow:index:Environment$${type}::${name}`;

/** stage ran {@link healthy}, and its file asks for {@link failed}. */
function plan(own: Partial<Plan> = {}, ran: typeof before | null = before): Plan {
    const environment = { ...stage, commit: failed };
    const made = requirePlan(
        { environment, before: dev, catalog, commit: failed, pins: {} },
        {
            ...nothingKnown,
            locks: { [failed]: lockOf(failed, after, catalog) },
            ...(ran && { current: recordOf("stage", { commit: healthy, pins: {} }, ran, at) }),
            ranBefore: new Set([setKey(imageSet(after))]),
        },
    );
    return { ...made, ...own };
}

describe("a failed update", () => {
    const began = (type: string, name: string, op = "update") => ({
        resourcePreEvent: { metadata: { op, type, urn: urn(type, name) } },
    });
    const fell = (type: string, name: string) => ({ resOpFailedEvent: { metadata: { op: "update", type, urn: urn(type, name) } } });
    const error = (message: string, about: string) => ({ diagnosticEvent: { severity: "error", message, urn: about } });
    const log = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
    const record = "pulumi-nodejs:dynamic/oneflow:RunRecord";
    const images = "pulumi-nodejs:dynamic/oneflow:PromotedImages";

    it("that touched no cluster needs no way back", () => {
        assert.deepEqual(rolloutOf(""), { kind: "notBegun" });
        const stays = began(deployment, "europe-west1-cart", "same");
        assert.deepEqual(rolloutOf(log(stays, began(images, "images"), fell(images, "images"))), { kind: "notBegun" });
    });

    it("that came up, and could only not be recorded, does not go back either", () => {
        const events = log(began(deployment, "europe-west1-cart"), began(record, "run"), fell(record, "run"));
        assert.deepEqual(rolloutOf(events), { kind: "unrecorded" });
    });

    it("is told resource by resource, each once, by what its provider said", () => {
        const name = "europe-west1-checkout";
        const events = log(
            began(deployment, name),
            fell(deployment, name),
            error("minimum number of live Pods was not attained\n", urn(deployment, name)),
            fell(deployment, name),
            error("update failed", urn("pulumi:pulumi:Stack", "acme-shop-stage")),
        );
        assert.deepEqual(rolloutOf(events), {
            kind: "failed",
            failures: [{ resource: `Deployment ${name}`, message: "minimum number of live Pods was not attained" }],
        });
    });

    it("that broke in the program is told by its last error, also where the log ends in half a line", () => {
        const stack = urn("pulumi:pulumi:Stack", "acme-shop-stage");
        const events = `${log(began(deployment, "europe-west1-cart"), error("unhandled rejection\n", stack))}{"seq`;
        assert.deepEqual(rolloutOf(events), {
            kind: "failed",
            failures: [{ resource: "Stack acme-shop-stage", message: "unhandled rejection" }],
        });
    });
});

describe("the way back", () => {
    it("is the set that was healthy last", () => {
        assert.deepEqual(wayBack(plan()), {
            to: { request: { commit: healthy, pins: {} }, set: setKey(imageSet(before)), at },
        });
    });

    it("is none where nothing ran, where the same images ran with other settings, and where a working copy runs", () => {
        assert.deepEqual(wayBack(plan({}, null)), {
            none: "No run of stage was healthy before, so there is nothing to go back to.",
        });
        assert.deepEqual(wayBack(plan({}, after)), {
            none: `The images are those that ran healthy at ${at}: what fails came with services.yaml or Pulumi.stage.yaml. Take that back.`,
        });
        assert.deepEqual(wayBack(plan({ local: ["cart"] })), {
            none: "cart came from the working copy, and no record says what ran before: take build: local out.",
        });
    });

    it("is proposed as the file of before, comments and all, pins of then included", () => {
        const text = `config:\n  # what runs\n  shop:commit: ${failed}\n  shop:pins:\n    cart: ${failed}\n`;
        const pinned = plan({ environment: { ...stage, commit: failed, pins: { cart: failed } } });
        const proposal = revertProposal(
            { project: "shop" },
            pinned,
            pinned.current!,
            text,
            "https://github.com/acme/shop/actions/runs/7",
        );
        assert.deepEqual(
            { ...proposal, was: "" },
            {
                branch: "revert/stage/9f8e02b00000",
                title: "Take stage back from 9f8e02b00000",
                body: [
                    `The rollout of 9f8e02b… to stage failed. stage runs 71c44d0… again, which was healthy at ${at}.`,
                    "This takes Pulumi.stage.yaml back to it. Until it is merged or the file changes, the same is not deployed again.",
                    "What failed: https://github.com/acme/shop/actions/runs/7",
                ].join("\n\n"),
                file: "Pulumi.stage.yaml",
                text: `config:\n  # what runs\n  shop:commit: ${healthy}\n`,
                was: "",
            },
        );
    });

    it("of an environment that follows latest is a revert on develop, not of its file", () => {
        const following = plan({ environment: { ...dev, commit: "latest" } });
        assert.equal(revertProposal({ project: "shop" }, following, following.current!, ""), undefined);
        assert.deepEqual(nextCommands(following, wayBack(following), false), [
            `git revert ${failed} && git push   # on develop, which dev follows`,
            "or, once the cause is mended outside: npx oneflow deploy dev --retry",
        ]);
    });

    it("is a command where nobody opens pull requests", () => {
        assert.deepEqual(nextCommands(plan(), wayBack(plan()), false), [
            `pulumi config set commit ${healthy} -s stage   # and commit Pulumi.stage.yaml`,
            "or, once the cause is mended outside: npx oneflow deploy stage --retry",
        ]);
    });
});

describe("the report of a deployment that failed", () => {
    const failures = [{ resource: "Deployment europe-west1-checkout", message: "crashed" }];
    const to = plan().current!;
    const said = (aftermath: Aftermath) => {
        const { title, problems } = reportAftermath(plan(), aftermath);
        return formatRefusal(title, problems).split("\n");
    };
    const retry = "         → or, once the cause is mended outside: npx oneflow deploy stage --retry";

    it("says what runs again, and whose turn it is", () => {
        assert.deepEqual(said({ kind: "wentBack", failures, to, proposed: true }), [
            "Deployment of stage failed, and stage went back:",
            "  Deployment europe-west1-checkout",
            "         crashed",
            `  stage  runs 71c44d0…, healthy at ${at}, in all its clusters.`,
            "         → merge the pull request that takes Pulumi.stage.yaml back",
            retry,
        ]);
    });

    it("says plainly that going back failed too, and who held the state", () => {
        const holder = { who: "ada@runner-1", host: "runner-1", pid: 7, since: at };
        assert.deepEqual(said({ kind: "mixed", failures, to, proposed: false, lockedBy: [holder] }).slice(3), [
            `  stage  Going back to 71c44d0…, healthy at ${at} found the state locked. stage runs a mix of both.`,
            "         A pod that serves goes on serving until a new one is ready.",
            `         ada@runner-1 (pid 7) holds it since ${at}`,
            "         → pulumi cancel -s stage   # only once that process is gone",
            `         → pulumi up -s stage   # once its file asks for ${healthy}`,
            `         → pulumi config set commit ${healthy} -s stage   # and commit Pulumi.stage.yaml`,
            retry,
        ]);
    });

    it("says why it stays as it is", () => {
        assert.deepEqual(said({ kind: "stays", failures, why: "No run was healthy before." }).slice(3), [
            "  stage  No run was healthy before.",
            "         What came up runs; what did not is as it was, or not ready.",
            retry,
        ]);
    });

    it("asks for no more than the same again where nothing of it has to go back", () => {
        assert.deepEqual(said({ kind: "notBegun" }), [
            "Deployment of stage failed, and nothing was changed in its clusters:",
            "  stage  What ran still runs. The cause stands above.",
            "         → npx oneflow deploy stage",
        ]);
        assert.equal(said({ kind: "unrecorded" })[0], "Deployment of stage is not recorded:");
    });
});

describe("what failed before", () => {
    const environment = { ...stage, commit: failed };
    const record: FailedRun = {
        schema: "oneflow.dev/failed-run/v1",
        environment: "stage",
        request: { commit: failed, pins: {} },
        set: setKey(imageSet(after)),
        asked: askedFor(environment, catalog),
        failures: [{ resource: "Deployment europe-west1-checkout", message: "crashed\ntwice" }],
        at,
        by: "ada",
    };

    it("is refused while nothing has settled it, by what failed", () => {
        assert.throws(() => refuseFailedBefore(environment, askedFor(environment, catalog), [record]), {
            message: [
                "Deployment of stage refused, nothing was changed:",
                `  stage  This very deployment of 9f8e02b… failed before, at ${at}, and stage went back. Its revert is open:`,
                "         Pulumi.stage.yaml and services.yaml say what they said then.",
                "         Deployment europe-west1-checkout: crashed",
                "         → merge the revert or push a mended commit",
                "         → or, once the cause is mended outside: npx oneflow deploy stage --retry",
            ].join("\n"),
        });
    });

    it("is another deployment once the file or services.yaml says anything else", () => {
        const other = { services: { ...catalog.services, cart: { ...catalog.services.cart, replicas: 2 } } };
        for (const asked of [
            askedFor({ ...environment, commit: healthy }, catalog),
            askedFor({ ...environment, pins: { cart: healthy } }, catalog),
            askedFor(environment, other),
        ]) {
            assert.doesNotThrow(() => refuseFailedBefore(environment, asked, [record]));
        }
    });
});

describe("a state that is locked", () => {
    const said = [
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.",
        "  gs://acme-stage-pulumi-stage/.pulumi/locks/organization/acme-shop/stage/174a4d04.json: created by runner@fv-az1 (pid 2212) at 2026-11-22T07:39:53Z",
        "",
    ].join("\n");

    it("is told from every other failure, with who holds it since when", () => {
        assert.deepEqual(lockHolders(said), [{ who: "runner@fv-az1", host: "fv-az1", pid: 2212, since: "2026-11-22T07:39:53Z" }]);
        assert.equal(lockHolders("error: the registry says 403"), undefined);
    });

    it("is never freed by itself: who finds that the holder is gone gets the command", () => {
        assert.equal(
            describeLock("stage", lockHolders(said)!, ", and stayed so for 600 s"),
            [
                "stage was not deployed, nothing was changed: its state is locked, and stayed so for 600 s.",
                "  runner@fv-az1 (pid 2212) holds it since 2026-11-22T07:39:53Z",
                "Find out whether that process still runs: a job that was killed leaves its lock behind. Only then:",
                "  → pulumi cancel -s stage   # then: npx oneflow deploy stage",
            ].join("\n"),
        );
    });
});

describe("the summary of a deployment", () => {
    it("names each image by digest and by the commit that built it, what changed, and where all came from", () => {
        assert.equal(
            describeDeployed(plan(), dev),
            [
                "## stage runs 9f8e02b…",
                "",
                `Asked for: ${failed}. Images come from \`europe-west1-docker.pkg.dev/acme-dev/develop\`.`,
                "",
                "| service | digest | built from | |",
                "| --- | --- | --- | --- |",
                `| cart | \`${before.cart.digest}\` | 71c44d0… |  |`,
                `| checkout | \`${after.checkout.digest}\` | 9f8e02b… | changed |`,
                "",
            ].join("\n"),
        );
    });
});
