import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { wantedFile } from "../../cli/wantedPromotion";
import { oneflowIn } from "./command";
import { environmentFile, otherSha, sha, valid } from "./settingsFixture";

describe("oneflow promote and oneflow diff", () => {
    let directory: string;
    const file = "Pulumi.stage.yaml";
    const text = () => readFileSync(join(directory, file), "utf8");
    const write = (config: object) =>
        writeFileSync(
            join(directory, file),
            stringify(environmentFile("stage", { "shop:environment": { promotesFrom: "dev" }, ...config })),
        );
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-promote-"));
        for (const [name, content] of Object.entries(valid)) writeFileSync(join(directory, name), stringify(content));
        write({ "shop:commit": sha });
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    for (const [command, what, args, message] of [
        ["promote", "no ref", ["stage"], "takes the name of one environment, and what is promoted to it"],
        [
            "promote",
            "an override without a reason",
            ["stage", sha, "--override", "freeze"],
            "--override takes the names of rules, and --reason why",
        ],
        ["promote", "another try of a pull request", ["stage", sha, "--retry"], "--retry is for --yes, which deploys"],
        ["promote", "a confirmation that a merge is", ["stage", sha, "--removes", "ad"], "--removes is for --yes, which deploys"],
        ["promote", "an option that it does not have", ["stage", sha, "--force"], "Unknown option '--force'"],
        ["diff", "no environment", [], "takes the name of one environment, and what would be promoted to it"],
        [
            "diff",
            "a service without a commit",
            ["stage", "--service", "cart"],
            "--service takes the commit that the service would run",
        ],
        ["diff", "two forms at once", ["stage", sha, "--json", "--markdown"], "--json and --markdown are two forms of one answer"],
    ] as const) {
        it(`${command} refuses ${what}, with its usage`, async () => {
            const { status, stderr } = await oneflowIn(directory, [command, ...args]);
            assert.equal(status, 2);
            assert.ok(stderr.includes(message), stderr);
            assert.ok(stderr.includes(`→ npx oneflow ${command} <environment>`), stderr);
        });
    }

    it("refuse a ref that the environment cannot take before anything is asked, and leave its file", async () => {
        const before = text();
        for (const command of ["diff", "promote"]) {
            const { status, stderr } = await oneflowIn(directory, [command, "stage", "latest"]);
            assert.equal(status, 2);
            assert.match(stderr, /Pulumi\.stage\.yaml: shop:commit\n +latest is for the first environment only/);
            const unknown = await oneflowIn(directory, [command, "stage", sha, "--service", "crat"]);
            assert.match(unknown.stderr, /crat {2}is no service of services\.yaml; did you mean "cart"\?/);
            assert.match(
                (await oneflowIn(directory, [command, "platform", sha])).stderr,
                /is a platform stack: nothing is promoted to it/,
            );
        }
        assert.equal(text(), before);
    });

    it("refuse a change of the stack file that is not committed", async () => {
        const git = (...args: string[]) =>
            spawnSync("git", ["-C", directory, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args]);
        const outside = await oneflowIn(directory, ["promote", "stage", otherSha]);
        assert.match(outside.stderr, /is no git checkout, and what should run stands in git/);
        for (const args of [
            ["init", "-q", "-b", "main"],
            ["add", "."],
            ["commit", "-qm", "Begin"],
        ])
            assert.equal(git(...args).status, 0);
        write({ "shop:commit": otherSha });
        const { status, stderr } = await oneflowIn(directory, ["promote", "stage", sha, "--yes"]);
        assert.equal(status, 2);
        assert.match(stderr, /^Nothing was promoted:\n {2}Pulumi\.stage\.yaml {2}has a change that is not committed/);
    });

    it("make of a service a pin, and of a pin none where the environment is at that commit", () => {
        const pinned = wantedFile(directory, { environment: "stage", ref: otherSha, services: ["cart"] }, "Nothing");
        assert.deepEqual([pinned.environment.commit, pinned.environment.pins], [sha, { cart: otherSha }]);
        writeFileSync(join(directory, file), pinned.text);
        const again = wantedFile(directory, { environment: "stage", ref: sha, services: ["cart"] }, "Nothing");
        assert.deepEqual([again.environment.commit, again.environment.pins], [sha, {}]);
    });

    it("write an override for this promotion, and take it out with the next", () => {
        const override = { rules: ["freeze"], reason: "the till is down" };
        const wanted = wantedFile(directory, { environment: "stage", ref: otherSha, services: [], override }, "Nothing");
        assert.deepEqual(wanted.environment.override, { for: otherSha, ...override });
        writeFileSync(join(directory, file), wanted.text);
        const same = wantedFile(directory, { environment: "stage", ref: otherSha, services: [] }, "Nothing");
        assert.equal(same.text, wanted.text);
        const next = wantedFile(directory, { environment: "stage", ref: sha, services: [] }, "Nothing");
        assert.equal(next.environment.override, undefined);
    });

    it("take the place of a request that the file may not make any more, and of nothing else that is wrong with it", () => {
        const moved = text().replace(sha, "latest");
        writeFileSync(join(directory, file), moved);
        const wanted = wantedFile(directory, { environment: "stage", ref: otherSha, services: [] }, "Nothing");
        assert.deepEqual([wanted.before, wanted.text], [moved, moved.replace("latest", otherSha)]);
        assert.equal(wanted.environment.commit, otherSha);
        const pin = { environment: "stage", ref: otherSha, services: ["cart"] };
        assert.throws(() => wantedFile(directory, pin, "Nothing"), /latest is for the first environment only/);
        const broken = `${moved}  shop:soakk: 1h\n`;
        writeFileSync(join(directory, file), broken);
        const again = { environment: "stage", ref: otherSha, services: [] };
        assert.throws(
            () => wantedFile(directory, again, "Nothing"),
            (error: Error) => /soakk/.test(error.message) && !/latest/.test(error.message),
        );
    });

    it("want the file as it is where it asks for that already", () => {
        const before = text();
        writeFileSync(join(directory, file), `# ours\n${before}`);
        assert.equal(wantedFile(directory, { environment: "stage", ref: sha, services: [] }, "Nothing").text, `# ours\n${before}`);
        assert.equal(wantedFile(directory, { environment: "stage", services: [] }, "Nothing").text, `# ours\n${before}`);
    });
});
