import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { imageSet } from "../../core/release/lock";
import { runPipeline } from "../../sandbox/ci/pipeline";
import { pushAs } from "../../sandbox/ci/push";
import { breakService, changeService, writeMonorepo } from "../../sandbox/git/monorepo";
import { Repository } from "../../sandbox/git/repository";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { tokenOf } from "../../sandbox/world/credentials";
import { runOneflow, stackVariables } from "../../sandbox/world/engine";
import { deliveredShop, succeeded, type Shop } from "./shop";

const mail = "acme/mail";

/** The shop, whose emailservice moved to a repository of its own. Each test goes on from the one before. */
describe("Two source repositories on the real engine", function () {
    this.timeout(300_000);
    let shop: Shop;
    let mailer: Repository;
    let bare: Repository;
    let shopCommit: string;
    let mailCommit: string;
    const oneflow = (...args: string[]) => shop.world.oneflow("dev", args);

    before(async () => {
        shop = await deliveredShop();
        const { layout } = shop.world;
        move(layout.operations);
        await shop.delivery.operations.commit("Build the emailservice from a repository of its own");
        await shop.delivery.operations.push("main");
        shopCommit = await shop.edit("Give the emailservice a repository of its own", async (directory) => move(directory));
        bare = await Repository.bare(layout.github(mail), { defaultBranch: "develop" });
        mailer = await Repository.clone(bare, join(layout.root, "mail"));
        await writeMonorepo(mailer.directory, shop.world.catalog(), mail);
    });

    it("let dev run what was built of both, and record it as one", async () => {
        const before = await running(shop.world, "dev");
        await changeService(mailer.directory, shop.world.catalog().services.emailservice, "Come from here");
        mailCommit = await push("Start");
        succeeded(await oneflow("deploy", "dev", "--pushed", `${mail}@${mailCommit}`));
        const after = await running(shop.world, "dev");
        const { request, images } = (await recorded(shop.world, "dev"))!;
        assert.deepEqual(request, { commit: `${mail}@${mailCommit},acme/shop@${shopCommit}`, pins: {} });
        assert.equal(after.emailservice, images.emailservice.digest);
        assert.equal("commit" in images.emailservice && images.emailservice.commit, mailCommit);
        assert.notEqual(after.emailservice, before.emailservice);
        assert.deepEqual({ ...after, emailservice: "" }, { ...before, emailservice: "" });
        assert.equal(succeeded(await oneflow("latest", "dev")).output, `commit=${request.commit}\n`);
    });

    it("let a push of one of them change its services alone", async () => {
        const before = await running(shop.world, "dev");
        await changeService(mailer.directory, shop.world.catalog().services.emailservice, "Greet by name");
        mailCommit = await push("Greet by name");
        succeeded(await oneflow("deploy", "dev", "--pushed", `${mail}@${mailCommit}`));
        const after = await running(shop.world, "dev");
        assert.notEqual(after.emailservice, before.emailservice);
        assert.deepEqual({ ...after, emailservice: "" }, { ...before, emailservice: "" });
    });

    it("go back together where the rollout of one fails", async () => {
        const before = await running(shop.world, "dev");
        const good = mailCommit;
        await breakService(mailer.directory, shop.world.catalog().services.emailservice, "crash");
        const broken = await push("Break the mail");
        const run = await oneflow("deploy", "dev", "--pushed", `${mail}@${broken}`);
        assert.equal(run.code, 1, run.output);
        assert.ok(
            run.output.includes(`runs ${mail}@${good.slice(0, 7)}… and acme/shop@${shopCommit.slice(0, 7)}…, healthy at`),
            run.output,
        );
        assert.ok(
            run.output.includes(`→ git revert ${broken} && git push   # on develop of acme/mail, which dev follows`),
            run.output,
        );
        assert.deepEqual(await running(shop.world, "dev"), before);
    });

    it("cannot be promoted by a SHA: stage takes a release, and the proposal says so", async () => {
        const run = await oneflow("propose", "stage", shopCommit);
        assert.equal(run.code, 2);
        assert.ok(
            run.output.includes("one SHA cannot name the images of 2 repositories, acme/mail, acme/shop; expected a release"),
            run.output,
        );
    });

    it("come together in a release of what dev runs, which goes on as it is", async () => {
        const together = (await recorded(shop.world, "dev"))!;
        const refused = await oneflow("release", "v1.0.0", "--yes");
        assert.equal(refused.code, 2, refused.output);
        assert.ok(refused.output.includes("npx oneflow release v1.0.0 --from dev"), refused.output);
        succeeded(await oneflow("release", "v1.0.0", "--from", "dev", "--yes"));
        const { layout, daemon, registry } = shop.world;
        const variables = { ...(await stackVariables(layout, daemon, "dev")), DOCKER_CONFIG: layout.identity("releaser") };
        const publish = () => runOneflow(["release", "v1.0.0", "--publish"], { checkout: layout.operations, variables });
        succeeded(await publish());
        const bytes = await registry.contentHash();
        succeeded(await publish());
        assert.equal(await registry.contentHash(), bytes);

        succeeded(await shop.world.oneflow("stage", ["promote", "stage", "v1.0.0", "--yes"]));
        assert.deepEqual(await running(shop.world, "stage"), await running(shop.world, "dev"));
        const { request, images } = (await recorded(shop.world, "stage"))!;
        assert.equal(request.release, "v1.0.0");
        assert.deepEqual(imageSet(images), imageSet(together.images));
    });

    /** Pushes what was changed in the new repository to develop, and builds it. */
    async function push(message: string): Promise<string> {
        const commit = await mailer.commit(message);
        await mailer.push("HEAD:develop");
        const password = tokenOf(shop.world.layout, "builder");
        await runPipeline({
            git: bare,
            repository: mail,
            branch: "develop",
            commit,
            catalog: shop.world.catalog(),
            tier: shop.world.environment("dev"),
            registry: registryAs(shop.world, "builder"),
            push: pushAs({
                for: () => Promise.resolve({ username: "oauth2accesstoken", password, source: "the builder's token" }),
            }),
        });
        return commit;
    }
});

function move(checkout: string): void {
    const file = join(checkout, "services.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    const source = document.getIn(["services", "emailservice", "source"]) as string;
    document.setIn(["services", "emailservice", "source"], { repository: mail, path: source });
    writeFileSync(file, document.toString({ lineWidth: 0 }));
}
