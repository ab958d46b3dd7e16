import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readSettings } from "../../core/settings/load";
import type { Service } from "../../core/settings/model";
import { workflowFiles } from "../../core/workflows/documents/files";
import { changeService } from "../../sandbox/git/monorepo";
import { writeOperations } from "../../sandbox/world/operations";
import { ActionsWorld } from "./actionsWorld";

const project = resolve(__dirname, "../..");

describe("the generated workflows on the sandbox's runner", function () {
    this.timeout(60_000);
    let world: ActionsWorld;
    before(async () => {
        world = await ActionsWorld.create({ installed: [project] });
        const { directory } = world.work;
        await writeOperations(project, directory, { registry: "127.0.0.1:9", thirdParty: () => Promise.resolve({}) });
        const settings = readSettings({ directory, stack: "platform" });
        for (const [path, text] of Object.entries(workflowFiles(settings)["acme/shop"])) {
            mkdirSync(dirname(join(directory, path)), { recursive: true });
            writeFileSync(join(directory, path), text);
        }
        await world.work.commit("Take over oneflow");
        await world.work.push("HEAD:refs/heads/main", "HEAD:refs/heads/develop");
    });
    after(() => world.end());

    it("build what a pull request changes, and nothing else, without an identity", async () => {
        await world.work.branch("change");
        const { catalog } = readSettings({ directory: world.work.directory, stack: "platform" });
        await changeService(world.work.directory, catalog.services.adservice as Service, "Sell more");
        await world.work.commit("Sell more");
        await world.work.push("HEAD:refs/heads/change");
        const request = {
            number: 1,
            title: "Sell more",
            body: "",
            base: "develop",
            head: "change",
            state: "open",
            author: "robin",
        };
        world.cloud.store.put("github/acme/shop/pulls/1", request);

        const event = { name: "pull_request", repository: "acme/shop", actor: "robin", number: 1, action: "opened" } as const;
        const [run, ...others] = await world.runs(event);

        assert.deepEqual(others, []);
        const said = run.jobs.map(({ id, message }) => `${id} ${message}\n${world.log(run, id)}`).join("\n");
        assert.deepEqual(
            run.jobs.map(({ name, conclusion }) => [name, conclusion]),
            [
                ["Check / Plan", "success"],
                ["Check / Build adservice", "success"],
            ],
            said,
        );
        assert.match(said, /Built, and thrown away/);
        assert.doesNotMatch(said, /ACTIONS_ID_TOKEN_REQUEST/);
    });
});
