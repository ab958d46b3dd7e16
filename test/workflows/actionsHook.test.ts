import assert from "node:assert/strict";
import { runGit } from "../../sandbox/git/command";
import { installPushHook } from "../../sandbox/github/pushHook";
import { ActionsClient } from "../../sandbox/github/worldCalls";
import { ActionsWorld } from "./actionsWorld";

const files = {
    ".github/workflows/push.yml": {
        name: "Push",
        on: { push: { branches: ["main"] } },
        jobs: { hello: { "runs-on": "ubuntu-24.04", steps: [{ run: "echo hello" }] } },
    },
};

describe("a push to the sandbox's GitHub", function () {
    this.timeout(60_000);
    let world: ActionsWorld;
    let directory: string;
    beforeEach(async () => {
        world = await ActionsWorld.create();
        directory = world.actions.files.directory.replace(/\/runs$/, "");
        installPushHook(world.repositories.git("acme/shop").directory, { directory, repository: "acme/shop" });
    });
    afterEach(() => world.end());

    it("starts its workflows by itself, as who pushed", async () => {
        const { after } = await world.push(files);
        const [{ id, actor, sha }, ...others] = world.actions.files.all();
        assert.deepEqual([actor, sha, others], ["robin", after, []]);
        assert.equal((await new ActionsClient(directory).finished(id)).conclusion, "success");
    });

    it("is what merging a pull request makes", async () => {
        await world.push(files);
        await world.push({ "more.txt": "more" }, { branch: "change" });
        const request = { number: 1, title: "More", body: "", base: "main", head: "change", state: "open", author: "robin" };
        world.cloud.store.put("github/acme/shop/pulls/1", request);
        const { commit, runs } = await new ActionsClient(directory).merge("acme/shop", 1, "ada");
        assert.deepEqual(
            runs.map(({ actor, ref, sha }) => [actor, ref, sha]),
            [["ada", "refs/heads/main", commit]],
        );
        await Promise.all(runs.map(({ id }) => world.actions.finished(id)));
    });

    it("runs what a pull request out of its branch runs", async () => {
        const [path] = Object.keys(files);
        await world.push({ [path]: { ...files[".github/workflows/push.yml"], on: { pull_request: { branches: ["main"] } } } });
        await world.push({ "more.txt": "more" }, { branch: "change" });
        const request = { number: 1, title: "More", body: "", base: "main", head: "change", state: "open", author: "robin" };
        world.cloud.store.put("github/acme/shop/pulls/1", request);
        await world.push({ "more.txt": "even more" }, { branch: "change" });
        const [{ id, event, ref, headRef }, ...others] = world.actions.files.all();
        assert.deepEqual([event, ref, headRef, others], ["pull_request", "refs/pull/1/merge", "change", []]);
        assert.equal((await world.actions.finished(id)).conclusion, "success");
    });

    it("is done, and says that nothing ran for it, while the sandbox's servers are down", async () => {
        await world.push(files, { branch: "other" });
        await world.github.close();
        await world.work.branch("later");
        const { stderr } = await runGit(world.work.directory, ["push", "origin", "HEAD:refs/heads/main"]);
        assert.match(stderr, /remote: The sandbox's GitHub Actions started nothing: connect ECONNREFUSED/);
        assert.deepEqual(world.actions.files.all(), []);
    });

    it("is not the world's to tell by who has not its key", async () => {
        const response = await fetch(`${world.github.address}/_world/events`, { method: "POST", body: "{}" });
        assert.equal(response.status, 401);
    });
});
