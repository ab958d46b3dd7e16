import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cloud } from "../../sandbox/providers/cloud";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";
import { githubDouble } from "../../sandbox/providers/github/double";

const token = (kind: string) => `github:index/${kind[0].toLowerCase()}${kind.slice(1)}:${kind}`;

describe("The GitHub double", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-github-"));
    const cloud = new Cloud(directory);
    let github: ProviderInstance;
    before(async () => {
        cloud.addRepository({ fullName: "acme/shop", id: 4711, ownerId: 42, private: true, branches: ["main", "develop"] });
        github = await githubDouble(cloud, { token: "a-token", owner: "acme" }).configure({});
    });
    after(() => rmSync(directory, { recursive: true, force: true }));
    const make = (kind: string, inputs: Values) => github.create({ token: token(kind), inputs, preview: false });

    it("tells the numeric ids that trust conditions are made of", async () => {
        const repository = await github.invoke("github:index/getRepository:getRepository", { fullName: "acme/shop" });
        assert.deepEqual([repository.repoId, repository.visibility, repository.defaultBranch], [4711, "private", "main"]);
        assert.equal((await github.invoke("github:index/getUser:getUser", { username: "acme" })).id, "42");
        await assert.rejects(
            github.invoke("github:index/getRepository:getRepository", { fullName: "acme/other" }),
            /404 Not Found/,
        );
    });

    it("refuses whoever has no token", async () => {
        const anonymous = await githubDouble(cloud, {}).configure({ owner: "acme" });
        await assert.rejects(
            anonymous.invoke("github:index/getRepository:getRepository", { fullName: "acme/shop" }),
            /401 Bad credentials/,
        );
        const inputs = { repository: "shop", environment: "prod" };
        await assert.rejects(anonymous.create({ token: token("RepositoryEnvironment"), inputs, preview: false }), /401/);
    });

    it("refuses what it does not play, by name", () => {
        const check = () => github.check({ token: token("BranchProtection"), name: "main", news: {}, seed: Buffer.alloc(32) });
        assert.throws(check, /the sandbox's GitHub has no resource github:index\/branchProtection:BranchProtection/);
    });

    it("keeps environments and variables in their repository", async () => {
        assert.equal((await make("RepositoryEnvironment", { repository: "shop", environment: "prod" })).id, "shop:prod");
        await make("ActionsVariable", { repository: "shop", variableName: "REGION", value: "eu" });

        assert.equal(cloud.resource("github/acme/shop/variables/REGION")?.value, "eu");
        await assert.rejects(
            make("ActionsVariable", { repository: "shop", variableName: "REGION", value: "us" }),
            /409 Already exists/,
        );
        await assert.rejects(make("ActionsVariable", { repository: "shop", variableName: "GITHUB_X", value: "1" }), /is not valid/);
        await assert.rejects(make("RepositoryEnvironment", { repository: "nowhere", environment: "prod" }), /404 Not Found/);
        assert.deepEqual(
            cloud.repositories().map(({ fullName }) => fullName),
            ["acme/shop"],
        );
    });

    it("answers two commits to one branch at once with a conflict, and takes them one after the other", async () => {
        const file = (name: string, branch = "main") =>
            make("RepositoryFile", { repository: "shop", branch, file: name, content: "x" });
        const results = await Promise.allSettled([file("a.yml"), file("b.yml"), file("c.yml", "develop")]);

        assert.deepEqual(
            results.map(({ status }) => status),
            ["fulfilled", "rejected", "fulfilled"],
        );
        assert.match(String((results[1] as PromiseRejectedResult).reason), /409 main is at [0-9a-f]{40} but expected [0-9a-f]{40}/);
        await file("b.yml");
        await assert.rejects(file("a.yml"), /refusing to overwrite existing file/);
        await assert.rejects(file("a.yml", "release"), /404 Branch release not found/);
    });
});
