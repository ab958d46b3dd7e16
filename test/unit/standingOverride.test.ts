import assert from "node:assert/strict";
import { askedText, describeStale, standingOverride } from "../../core/promotion/standingOverride";
import { withRequest } from "../../core/settings/stackText";
import { otherSha, problemsOf, read, sha, environmentFile } from "./settingsFixture";

const stage = (config: object) => ({
    "Pulumi.stage.yaml": environmentFile("stage", { "shop:environment": { promotesFrom: "dev" }, ...config }),
});
const environmentOf = (config: object) => {
    const { target } = read(stage(config));
    assert.ok(target.kind === "environment");
    return target.environment;
};
const rules = ["freeze", "soak"];
const reason = "the till is down";

describe("an override in the stack file", () => {
    it("holds while the file asks for what it is for", () => {
        const environment = environmentOf({ "shop:commit": sha, "shop:override": { for: sha, rules, reason } });
        assert.deepEqual(standingOverride(environment), { rules, reason });
        assert.equal(describeStale(environment), undefined);
    });

    it("lets nothing pass once another commit is asked for, and is reported", () => {
        const environment = environmentOf({ "shop:commit": otherSha, "shop:override": { for: sha, rules, reason } });
        assert.equal(standingOverride(environment), undefined);
        assert.equal(
            describeStale(environment),
            `The override in Pulumi.stage.yaml is for ${sha}, not for ${otherSha}: it lets nothing pass.\n` +
                "  → pulumi config rm override -s stage",
        );
    });

    it("names the pins too, so that a pin which comes later is not let through by it", () => {
        const pinned = { "shop:commit": sha, "shop:pins": { cart: otherSha } };
        const asked = `${sha} cart@${otherSha}`;
        assert.equal(askedText(environmentOf(pinned)), asked);
        assert.equal(standingOverride(environmentOf({ ...pinned, "shop:override": { for: sha, rules, reason } })), undefined);
        const exact = environmentOf({ ...pinned, "shop:override": { for: asked, rules, reason } });
        assert.deepEqual(standingOverride(exact), { rules, reason });
    });

    it("is refused, all at once, where it is not whole", () => {
        const whole = { for: sha, rules, reason };
        const said = (override: unknown) =>
            problemsOf(stage({ "shop:commit": sha, "shop:override": override })).map(
                ({ subject, message }) => `${subject} ${message}`,
            );
        assert.deepEqual(said(whole), []);
        assert.deepEqual(said("freeze"), [
            'Pulumi.stage.yaml: shop:override "freeze" is not an override; expected { for: <commit>, rules: [freeze], reason: "…" }',
        ]);
        assert.deepEqual(said({ rules: [], reason: " ", because: "x" }), [
            "Pulumi.stage.yaml: shop:override.because unknown key; known keys: for, rules, reason",
            "Pulumi.stage.yaml: shop:override.for names no promotion; expected what is asked for, as commit says it",
            "Pulumi.stage.yaml: shop:override.rules names no rules; expected a list: [freeze]",
            "Pulumi.stage.yaml: shop:override.reason is missing; expected the words that the run record keeps",
        ]);
        assert.deepEqual(said({ ...whole, for: "latest" }), [
            "Pulumi.stage.yaml: shop:override.for latest is another commit tomorrow, and an override is for one promotion; expected a full commit SHA",
        ]);
    });
});

describe("a stack file that is written anew", () => {
    const text = `# Who is asked\nconfig:\n  gcp:project: acme-stage # ours\n  shop:commit: ${sha}\n  shop:environment:\n    promotesFrom: dev\n`;

    it("keeps its comments, and has the override where one is wanted", () => {
        const wanted = { commit: otherSha, override: { for: otherSha, rules, reason } };
        const written = withRequest(text, "shop", wanted);
        assert.equal(
            written,
            `${text.replace(sha, otherSha)}  shop:override:\n    for: ${otherSha}\n    rules:\n      - freeze\n      - soak\n    reason: ${reason}\n`,
        );
        assert.equal(withRequest(written, "shop", { commit: sha, override: null }), text);
        assert.equal(
            withRequest(written, "shop", { commit: sha, pins: {} }),
            written.replace(`commit: ${otherSha}`, `commit: ${sha}`),
        );
    });
});
