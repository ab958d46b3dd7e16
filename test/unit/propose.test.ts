import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Proposed, textHash } from "../../core/deployment/proposed";
import { oneflowIn } from "./command";
import { otherSha, sha } from "./settingsFixture";

const root = join(__dirname, "..", "..");

describe("oneflow propose", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-propose-"));
        for (const file of readdirSync(root).filter((name) => /^(Pulumi.*|services)\.yaml$/.test(name))) {
            cpSync(join(root, file), join(directory, file));
        }
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    const fileOf = (stack: string) => readFileSync(join(directory, `Pulumi.${stack}.yaml`), "utf8");

    it("changes one line of the environment's file, and says what the pull request is", async () => {
        const before = fileOf("stage");
        const { status, stdout } = await oneflowIn(directory, ["propose", "stage", sha]);
        assert.equal(status, 0);
        const proposed = JSON.parse(stdout) as Proposed;
        assert.deepEqual(proposed, {
            branch: `promote/stage/${sha.slice(0, 12)}`,
            title: `Promote ${sha.slice(0, 12)} to stage`,
            body: `stage goes from nothing to ${sha}. Merging this deploys it.`,
            file: "Pulumi.stage.yaml",
            text: fileOf("stage"),
            was: textHash(before),
        });
        const line = `  acme-shop:commit: ${sha}\n`;
        assert.equal(proposed.text.replace(line, ""), before);

        const again = await oneflowIn(directory, ["propose", "stage", otherSha]);
        assert.equal(
            (JSON.parse(again.stdout) as Proposed).body,
            `stage goes from ${sha} to ${otherSha}. Merging this deploys it.`,
        );
        assert.equal(fileOf("stage"), proposed.text.replace(sha, otherSha));
    });

    it("takes a release, and names branch and pull request after it", async () => {
        const { status, stdout } = await oneflowIn(directory, ["propose", "stage", "v1.4.0"]);
        assert.equal(status, 0);
        const { branch, title, body, text } = JSON.parse(stdout) as Proposed;
        assert.deepEqual(
            [branch, title, body],
            ["promote/stage/v1.4.0", "Promote v1.4.0 to stage", "stage goes from nothing to v1.4.0. Merging this deploys it."],
        );
        assert.match(text, /^ {2}acme-shop:commit: v1\.4\.0$/m);
    });

    it("leaves the file as it was where the environment takes no such ref, and says what it takes", async () => {
        const before = fileOf("stage");
        const { status, stderr } = await oneflowIn(directory, ["propose", "stage", "latest"]);
        assert.equal(status, 2);
        assert.match(stderr, /Pulumi\.stage\.yaml: acme-shop:commit/);
        assert.equal(fileOf("stage"), before);
    });

    it("proposes nothing where the file says it already, or to a platform", async () => {
        await oneflowIn(directory, ["propose", "stage", sha]);
        assert.equal((await oneflowIn(directory, ["propose", "stage", sha])).status, 2);
        assert.match((await oneflowIn(directory, ["propose", "platform", sha])).stderr, /is a platform stack/);
    });
});
