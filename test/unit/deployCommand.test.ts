import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { oneflowIn } from "./command";
import { environmentFile, sha, valid } from "./settingsFixture";

describe("oneflow deploy", () => {
    let directory: string;
    const summary = process.env.GITHUB_STEP_SUMMARY;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-deploy-"));
        const held = { "Pulumi.dev.yaml": environmentFile("dev", { "shop:commit": sha }) };
        for (const [name, content] of Object.entries({ ...valid, ...held }))
            writeFileSync(join(directory, name), stringify(content));
        process.env.GITHUB_STEP_SUMMARY = join(directory, "summary");
    });
    afterEach(() => {
        if (summary === undefined) delete process.env.GITHUB_STEP_SUMMARY;
        else process.env.GITHUB_STEP_SUMMARY = summary;
        rmSync(directory, { recursive: true });
    });

    it("leaves what a push finds held by a commit in its file, and reports it", async () => {
        const { status, stdout, stderr } = await oneflowIn(directory, ["deploy", "dev", "--pushed", `acme/shop@${sha}`]);
        const words = `dev does not follow latest: it is held at ${sha} in Pulumi.dev.yaml. It is left as it is.`;
        assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: `${words}\n` });
        assert.equal(readFileSync(join(directory, "summary"), "utf8"), `## dev is left as it is\n\n~~~\n${words}\n~~~\n`);
    });

    for (const [what, args, message] of [
        ["no environment", [], "takes the name of one environment"],
        ["two environments", ["dev", "stage"], "takes the name of one environment"],
        ["an option that it does not have", ["dev", "--force"], "Unknown option '--force'"],
        [
            "a time that is none",
            ["dev", "--lock-timeout", "soon"],
            '--lock-timeout "soon" is no duration; expected for example 30s, 10m or 1h',
        ],
    ] as const) {
        it(`refuses ${what}, with its usage`, async () => {
            const { status, stderr } = await oneflowIn(directory, ["deploy", ...args]);
            assert.equal(status, 2);
            assert.ok(stderr.startsWith("Nothing was deployed:\n  oneflow deploy  "), stderr);
            assert.ok(stderr.includes(message), stderr);
            assert.ok(stderr.includes("→ npx oneflow deploy <environment>"), stderr);
        });
    }

    it("refuses a platform, which pulumi up brings up", async () => {
        const { status, stderr } = await oneflowIn(directory, ["deploy", "platform"]);
        assert.equal(status, 2);
        assert.equal(
            stderr,
            "Nothing was deployed:\n  platform  is a platform stack, which runs no services\n            → pulumi up -s platform\n",
        );
    });
});
