import assert from "node:assert/strict";
import { changeService } from "../git/monorepo";
import type { Run } from "../github/actions/model";
import { openPullRequest } from "../github/pullRequests";
import type { EnvironmentName } from "../world/names";
import { running } from "./readback";
import { refusalIn, short, type Teller } from "./teller";

/** How what runs in dev comes to be a release, and what becomes of it. */
export class ReleaseChapters {
    constructor(private readonly teller: Teller) {}

    async release(version: string): Promise<void> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading(`What dev has shown goes to main, and gets a tag: ${version} is all services together`);
        const { world, developer } = delivery;
        const pull = { base: "main", head: "develop", title: `Release ${version}`, body: "", author: "ada" };
        openPullRequest(world, world.repository, pull);
        const built = await teller.merge("main");
        assert.deepEqual(
            built.jobs.filter(({ name, startedAt }) => / Build \w+$/.test(name) && startedAt !== undefined),
            [],
        );
        await developer.fetch();
        await this.cut(version);
        const images = await teller.released(version);
        const dev = await running(world, "dev");
        for (const [service, digest] of Object.entries(dev)) assert.equal(images[service].digest, digest, service);
        narrator.found(`${version} in deploy: lock, chart and kustomization, with every digest that dev runs`);
    }

    async promoteByButton(environment: EnvironmentName, version: string): Promise<void> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading(`${environment} by a button: it opens a pull request with the preview, whose merge deploys`);
        narrator.command(`gh workflow run promote-${environment}.yml -f ref=${version}`);
        const proposal = await delivery.press(`promote-${environment}.yml`, { ref: version });
        teller.tellRun(proposal);
        teller.succeeded(proposal);
        assert.deepEqual(await running(delivery.world, environment), {}, "a proposal deploys nothing");
        await teller.merge("main", `deploy-${environment}.yml`);
        await teller.runs(environment, version);
    }

    async refused(commit: string): Promise<void> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading("prod asks for what stage never ran: refused, and nothing was changed");
        const bytes = await delivery.world.registry.contentHash();
        const before = await running(delivery.world, "prod");
        narrator.command(`pulumi config set commit ${short(commit)} -s prod`);
        narrator.command("pulumi up -s prod");
        await delivery.set("prod", ["commit", commit]);
        const run = await delivery.up("prod");
        assert.notEqual(run.code, 0, "the promotion is refused");
        narrator.quote(refusalIn(run.output));
        assert.equal(await delivery.world.registry.contentHash(), bytes);
        assert.deepEqual(await running(delivery.world, "prod"), before);
        narrator.found("not one byte of any registry and no pod of prod changed");
        narrator.took(run.seconds);
        narrator.command("git checkout -- Pulumi.prod.yaml");
        await delivery.discard("prod");
    }

    async promote(environment: EnvironmentName, version: string): Promise<void> {
        const { teller } = this;
        teller.narrator.heading(
            `${environment} with one command: the change is shown, committed, deployed, and taken back if it fails`,
        );
        await this.promoteNow(environment, version);
    }

    async hotfix(broken: string, mended: string): Promise<void> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        const { developer, world } = delivery;
        narrator.heading(`A hotfix of ${broken}: one image is built, and it goes to stage without having run in dev`);
        const dev = await running(world, "dev");
        await developer.fetch();
        await developer.branch("hotfix/carts", { at: broken });
        await changeService(developer.directory, world.catalog().services.cartservice, "Keep carts");
        const commit = await developer.commit("Keep carts");
        narrator.command(`git switch -c hotfix/carts ${broken} && git commit -m "Keep carts" && git push origin hotfix/carts`);
        await developer.push("HEAD:refs/heads/hotfix/carts");
        const [run] = await world.waitForRuns(commit);
        teller.tellRun(run);
        teller.succeeded(run);
        await developer.checkout("develop");
        await this.cut(mended, "--commit", commit);
        const [before, after] = [await teller.released(broken), await teller.released(mended)];
        const changed = Object.keys(after).filter((name) => after[name].digest !== before[name].digest);
        assert.deepEqual(changed, ["cartservice"]);
        for (const environment of ["stage", "prod"] as const) await this.promoteNow(environment, mended);
        assert.deepEqual(await running(world, "dev"), dev);
        narrator.found("only cartservice changed in stage and prod, and dev runs what it ran");
    }

    async rollBack(environment: EnvironmentName, to: string): Promise<void> {
        const { teller } = this;
        teller.narrator.heading(
            `${environment} goes back to what ran healthy there, and nothing brings it forward again by itself`,
        );
        const run = await teller.oneflow(environment, "rollback", environment, "--reason", "carts are slow", "--yes");
        await this.settled();
        await teller.runs(environment, to);
        teller.narrator.took(run.seconds);
    }

    /** Tags a commit, and waits for the release that the pushed tag starts. */
    private async cut(version: string, ...args: string[]): Promise<Run> {
        const { teller } = this;
        await teller.oneflow("dev", "release", version, ...args, "--yes");
        const { runs, actions } = teller.delivery.world;
        const { id } = runs.all().find(({ ref }) => ref === `refs/tags/${version}`)!;
        const run = await actions.finished(id);
        teller.tellRun(run);
        teller.succeeded(run);
        return run;
    }

    private async promoteNow(environment: EnvironmentName, version: string): Promise<void> {
        const { teller } = this;
        const run = await teller.oneflow(environment, "promote", environment, version, "--yes");
        await this.settled();
        await teller.runs(environment, version);
        teller.narrator.took(run.seconds);
    }

    /** Waits for what the pushed change of a stack file has started: it finds nothing to do. */
    private async settled(): Promise<void> {
        const { delivery } = this.teller;
        const runs = await delivery.world.waitForRuns(await delivery.operations.commitAt("HEAD"));
        for (const run of runs) this.teller.succeeded(run);
    }
}
