import assert from "node:assert/strict";
import { breakService, changeService } from "../git/monorepo";
import type { EnvironmentName } from "../world/names";
import type { Delivery } from "./delivery";
import type { Narrator } from "./narrator";
import { recorded, running, shortDigest } from "./readback";
import { ReleaseChapters } from "./releaseChapters";
import { short, Teller, wayBackIn } from "./teller";

/** Online Boutique from an empty cloud to prod and back. Every sentence that it prints was read back before. */
export class Story {
    private readonly teller: Teller;

    constructor(delivery: Delivery, narrator: Narrator) {
        this.teller = new Teller(delivery, narrator);
    }

    async tell(): Promise<void> {
        const releases = new ReleaseChapters(this.teller);
        await this.platform();
        await this.firstBuild();
        const first = await this.firstDeployment();
        const second = await this.changeOneService();
        await releases.release("v1.0.0");
        await releases.promoteByButton("stage", "v1.0.0");
        await releases.refused(first);
        await releases.promote("prod", "v1.0.0");
        const failed = await this.failedRollout(second);
        await this.revert("dev", failed, second);
        await releases.hotfix("v1.0.0", "v1.0.1");
        await releases.rollBack("prod", "v1.0.0");
    }

    private async platform(): Promise<void> {
        const { teller } = this;
        const { delivery, narrator } = teller;
        const { cloud } = delivery.world;
        narrator.heading("An administrator brings up the platform: clusters, registries, identities, namespaces");
        assert.deepEqual(await delivery.world.registry.repositories(), [], "the registry is empty before");
        const run = await teller.command("pulumi up -s platform", () => delivery.up("platform"));
        delivery.world.fetchCredentials();
        const names = cloud.resourceNames("projects");
        const count = (kind: string) => names.filter((name) => new RegExp(`/${kind}/[^/]+$`).test(name)).length;
        narrator.found(
            `${count("clusters")} clusters, ${count("repositories")} registry repositories, ${count("serviceAccounts")} identities and no key`,
        );
        narrator.took(run.seconds);
    }

    private async firstBuild(): Promise<void> {
        const { teller } = this;
        const { delivery, narrator } = teller;
        narrator.heading("The workflow files come as a pull request. Its merge is the first push: eleven services are built, once");
        const run = await teller.merge("main");
        assert.deepEqual(await running(delivery.world, "dev"), {});
        narrator.found(`the lock of ${short(run.sha)} stands; each job had a token of GitHub's for minutes, and no key`);
    }

    private async firstDeployment(): Promise<string> {
        this.teller.narrator.heading("The same files on develop: nothing is built twice, and dev follows latest");
        const { sha } = await this.teller.merge("develop");
        await this.teller.runs("dev", sha);
        return sha;
    }

    private async changeOneService(): Promise<string> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading("A change in one service: one image is built, the others only get the new commit's tag");
        const before = await running(delivery.world, "dev");
        const run = await teller.push("checkoutservice", "Round totals to the cent", changeService);
        assert.equal(run.jobs.filter(({ name }) => / Build \w+$/.test(name)).length, 1);
        teller.succeeded(run);
        await teller.runs("dev", run.sha);
        const after = await running(delivery.world, "dev");
        const changed = Object.keys(after).filter((service) => before[service] !== after[service]);
        assert.deepEqual(changed, ["checkoutservice"]);
        narrator.found(
            `only checkoutservice changed in dev: ${shortDigest(before.checkoutservice)} → ${shortDigest(after.checkoutservice)}`,
        );
        return run.sha;
    }

    private async failedRollout(good: string): Promise<string> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading("A version that builds but crashes: dev's rollout fails, and dev goes back by itself");
        const before = await running(delivery.world, "dev");
        const run = await teller.push("cartservice", "Cache prices", (worktree, service) =>
            breakService(worktree, service, "crash"),
        );
        assert.equal(run.conclusion, "failure", "the rollout fails");
        narrator.quote(wayBackIn(delivery.world.runs.log(run, "deploy/deploy")));
        assert.deepEqual(await running(delivery.world, "dev"), before);
        assert.equal((await recorded(delivery.world, "dev"))?.request.commit, good);
        narrator.found(`dev still serves ${short(good)}; the bad commit has no healthy record, so no environment will take it`);
        return run.sha;
    }

    private async revert(environment: EnvironmentName, bad: string, good: string): Promise<void> {
        const { teller } = this;
        const { narrator, delivery } = teller;
        narrator.heading("The revert is a push like any other: its content was built before, so nothing is built");
        narrator.command(`git revert ${short(bad)} && git push origin develop`);
        await delivery.developer.revert(bad);
        const [run] = await delivery.pushed();
        teller.tellRun(run);
        teller.succeeded(run);
        assert.deepEqual(
            run.jobs.filter(({ name, startedAt }) => / Build \w+$/.test(name) && startedAt !== undefined),
            [],
        );
        await teller.runs(environment, run.sha);
        const same = await running(delivery.world, environment);
        const record = Object.entries((await recorded(delivery.world, environment))!.images);
        assert.deepEqual(
            same,
            Object.fromEntries(record.filter(([name]) => name in same).map(([name, { digest }]) => [name, digest])),
        );
        narrator.found(`${environment} runs the digests of ${short(good)} again`);
    }
}
