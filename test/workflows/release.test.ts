import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { OciRegistry } from "../../core/registry/client";
import { imageSet } from "../../core/release/lock";
import { pullRelease } from "../../core/release/releaseStore";
import { readSignatures } from "../../core/release/signatureStore";
import { noWaivers } from "../../core/release/tagText";
import { readSettings } from "../../core/settings/load";
import { bundleType, readBundle } from "../../core/signing/envelope";
import { provenanceOf, statementBytes } from "../../core/signing/provenance";
import { type PublicKey, readPublicKey } from "../../core/signing/publicKey";
import { runGit } from "../../sandbox/git/command";
import { changeService } from "../../sandbox/git/monorepo";
import type { Run } from "../../sandbox/github/actions/model";
import { recorded, registryAs, running } from "../../sandbox/story/readback";
import { stackVariables } from "../../sandbox/world/engine";
import { LocalKey, run as madeBy } from "../unit/signingFixture";
import { PipelineWorld, setIn } from "./pipelineWorld";

/** Each test goes on from where the one before left the world. */
describe("Releases, made by the workflow that a pushed tag starts,", function () {
    this.timeout(300_000);
    let pipelines: PipelineWorld;
    let registry: OciRegistry;
    /** Commit of v1.0.0, and what dev's record says that it ran then: with images of init containers, which have ended. */
    let first: string;
    let served: Record<string, string>;
    /** Where releases stand, and under which name. */
    let deploy: string;
    let project: string;
    /** The key that signs releases, as it is committed. */
    let accepted: PublicKey;
    const released = async (version: string) => (await pullRelease(registry, { deploy, project }, version))?.release;
    const service = (name: string) => pipelines.world.catalog().services[name];
    const change = (name: string, what: string) => (worktree: string) => changeService(worktree, service(name), what);

    before(async function () {
        // A platform, two builds of eleven services and a deployment.
        this.timeout(900_000);
        pipelines = await PipelineWorld.create();
        registry = registryAs(pipelines.world, "auditor");
        const settings = readSettings({ directory: pipelines.delivery.operations.directory, stack: "dev" });
        ({
            project,
            delivery: { deploy },
        } = settings);
        accepted = await signReleases();
        pipelines.green((await pipelines.merge("main"))[0]);
        const [run] = await pipelines.merge("develop");
        pipelines.green(run);
        first = await git("rev-parse", "main");
        served = imageSet((await recorded(pipelines.world, "dev"))!.images);
    });
    after(() => pipelines.end());

    it("have the images that dev runs, by digest, in deploy, and one artifact under both tags", async () => {
        const { status, said } = await oneflow("release", "v1.0.0", "--yes");
        assert.equal(status, 0, said);
        assert.match(said, /# v1\.0\.0/);
        const run = await releaseRun("v1.0.0");
        pipelines.green(run);
        assert.equal(run.path, ".github/workflows/release.yml");
        const release = (await released("1.0.0"))!;
        assert.equal(release.lock.source.commit, first);
        assert.deepEqual(imageSet(release.lock.images), served);
        for (const [name, digest] of Object.entries(await running(pipelines.world, "dev")))
            assert.equal(digest, served[name], name);
        for (const [name, image] of Object.entries(release.lock.images)) {
            const tag = "commit" in image ? image.commit : first;
            assert.equal((await registry.resolve(`${deploy}/${name}:${tag}`))?.digest, image.digest, name);
        }
        const meanings = await Promise.all(["v1.0.0", "1.0.0"].map((tag) => registry.resolve(`${deploy}/${project}:${tag}`)));
        assert.equal(meanings[0]?.digest, meanings[1]?.digest);
        const log = pipelines.world.runs.log(run, "release/release");
        assert.match(log, /v1\.0\.0 is made and signed: .*deploy\/acme-shop:v1\.0\.0, 13 of 13 images were copied/);
    });

    it("are signed by the workflow's identity, with how they were made", async () => {
        const { release, descriptor } = (await pullRelease(registry, { deploy, project }, "1.0.0"))!;
        assert.deepEqual(await signatures("1.0.0"), { by: accepted.fingerprint, rejected: [] });
        const [found] = await registry.referrers(`${deploy}/${project}`, descriptor.digest, bundleType);
        const { payload } = readBundle((await registry.pullArtifact(`${deploy}/${project}@${found.digest}`))!.content);
        const run = await releaseRun("v1.0.0");
        const server = pipelines.world.daemon.actions;
        assert.deepEqual(
            payload,
            statementBytes(
                provenanceOf(
                    release,
                    descriptor.digest,
                    { waivers: noWaivers },
                    {
                        server,
                        builder: `${server}/acme/shop/.github/workflows/release.yml@refs/tags/v1.0.0`,
                        invocation: `${server}/acme/shop/actions/runs/${run.id}/attempts/1`,
                    },
                ),
            ),
        );
        const log = pipelines.world.runs.log(run, "release/release");
        assert.ok(log.includes(`Signed with its provenance by the key \`${accepted.fingerprint}\``), log);
    });

    it("change nothing where their run is started again", async () => {
        const bytes = await pipelines.world.registry.contentHash();
        const again = await rerun(await releaseRun("v1.0.0"));
        pipelines.green(again);
        assert.match(pipelines.world.runs.log(again, "release/release"), /v1\.0\.0 stands already: nothing was changed/);
        assert.equal(await pipelines.world.registry.contentHash(), bytes);
    });

    it("are refused, with all reasons at once, where a tag stands on a branch's commit that was never built", async () => {
        const commit = await pipelines.push("try/totals", "Try totals", change("checkoutservice", "Try totals"));
        const bytes = await pipelines.world.registry.contentHash();
        await tag("v0.9.0", commit);
        const run = await releaseRun("v0.9.0");
        assert.equal(run.conclusion, "failure");
        const log = pipelines.world.runs.log(run, "release/release");
        assert.match(log, /Release v0\.9\.0 refused, nothing was changed/);
        assert.match(log, /branch\s+\w{40} is on try\/totals alone/);
        assert.match(log, /v0\.9\.0\s+is not above v1\.0\.0/);
        assert.match(log, /lock\s+\w{40} has no lock in develop/);
        assert.equal(await pipelines.world.registry.contentHash(), bytes);
        assert.equal(await released("0.9.0"), undefined);
    });

    it("need what never ran in dev to be answered for, in the tag's own text", async () => {
        const { commit, run } = await pipelines.pushed("main", "Sum up", change("checkoutservice", "Sum up"));
        pipelines.green(run);
        const refused = await oneflow("release", "v1.1.0", "--yes");
        assert.equal(refused.status, 2);
        assert.match(refused.said, /checkoutservice\s+sha256:\w{64} never ran healthy in dev\./);
        assert.doesNotMatch(refused.said, /cartservice/);
        assert.equal(await git("tag", "--list", "v1.1.0"), "");

        const { status, said } = await oneflow("release", "v1.1.0", "--yes", "--unproven", "checkoutservice:dev is down");
        assert.equal(status, 0, said);
        pipelines.green(await releaseRun("v1.1.0"));
        assert.equal(
            await git("for-each-ref", "--format=%(contents)", "refs/tags/v1.1.0"),
            "v1.1.0\n\nUnproven: checkoutservice: dev is down",
        );
        const release = (await released("1.1.0"))!;
        assert.equal(release.lock.source.commit, commit);
        assert.deepEqual(differing(imageSet(release.lock.images), served), ["checkoutservice"]);
        const log = pipelines.world.runs.log(await releaseRun("v1.1.0"), "release/release");
        assert.match(log, /Changed since v1\.0\.0/);
        assert.match(log, /- [0-9a-f]{7} Sum up/);
        assert.match(log, /1 of 13 images were copied/);
    });

    it("mend a release from a hotfix branch, without dev; without their right they fail, and name the permission", async () => {
        await runGit(pipelines.delivery.developer.directory, ["fetch", "--quiet", "--tags", "origin"]);
        await runGit(pipelines.delivery.developer.directory, ["push", "--quiet", "origin", "v1.0.0^{}:refs/heads/hotfix/carts"]);
        const { commit, run } = await pipelines.pushed("hotfix/carts", "Mend carts", change("cartservice", "Mend carts"));
        pipelines.green(run);
        const { source } = (await pipelines.lockOf(commit))!;
        assert.deepEqual([source.branch, source.release], ["hotfix", "v1.0.0"]);

        const minor = await oneflow("release", "v1.2.0", "--commit", commit, "--yes");
        assert.deepEqual([minor.status, /is no patch of v1\.0\.0/.test(minor.said)], [2, true], minor.said);
        assert.match(minor.said, /v1\.1\.0\s+is an earlier release, and \w{40} does not stand on it/);

        const writes = {
            resource: "projects/acme-delivery/locations/europe-west1/repositories/deploy",
            role: "roles/artifactregistry.writer",
            member: "serviceAccount:releaser@acme-delivery.iam.gserviceaccount.com",
        };
        const denied = await pipelines.without(writes, async () => {
            const { status, said } = await oneflow("release", "v1.0.1", "--commit", commit, "--yes");
            assert.equal(status, 0, said);
            return releaseRun("v1.0.1");
        });
        assert.equal(denied.conclusion, "failure", pipelines.logs(denied));
        assert.match(pipelines.world.runs.log(denied, "release/release"), /artifactregistry\.repositories\.\w+Artifacts[^]*deploy/);
        assert.equal(await released("1.0.1"), undefined);

        pipelines.green(await rerun(denied));
        const { lock } = (await released("1.0.1"))!;
        assert.deepEqual(differing(imageSet(lock.images), served), ["cartservice"]);
        assert.equal(lock.source.release, "v1.0.0");
    });

    it("are to be in the next release, or to be waived by name", async () => {
        const refused = await oneflow("release", "v1.2.0", "--yes", "--unproven", "checkoutservice:dev is down");
        assert.equal(refused.status, 2, refused.said);
        assert.match(refused.said, /v1\.0\.1\s+is an earlier release/);
        const hotfix = (await released("1.0.1"))!.lock.source.commit;
        const waivers = ["--unproven", "checkoutservice:dev is down", "--without-hotfix", "v1.0.1:carts are computed anew"];
        // Of all that the releaser may do, the right to sign alone is missing.
        const signs = {
            resource: "projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/releases",
            role: "roles/cloudkms.signerVerifier",
            member: "serviceAccount:releaser@acme-delivery.iam.gserviceaccount.com",
        };
        const unsigned = await pipelines.without(signs, async () => {
            const { status, said } = await oneflow("release", "v1.2.0", "--yes", ...waivers);
            assert.equal(status, 0, said);
            return releaseRun("v1.2.0");
        });
        assert.equal(unsigned.conclusion, "failure", pipelines.logs(unsigned));
        assert.match(
            pipelines.world.runs.log(unsigned, "release/release"),
            /v1\.2\.0 is made, and is not signed\. Cannot see .*'cloudkms\.cryptoKeyVersions\.viewPublicKey' denied[^]*→ then again: npx oneflow release v1\.2\.0 --publish/,
        );
        assert.ok(await released("1.2.0"));
        assert.deepEqual(await signatures("1.2.0"), { rejected: [] });
        const again = pipelines.green(await rerun(unsigned));
        assert.match(
            pipelines.world.runs.log(again, "release/release"),
            /v1\.2\.0 is made and signed: .*, 0 of 13 images were copied/,
        );
        assert.deepEqual(await signatures("1.2.0"), { by: accepted.fingerprint, rejected: [] });
        assert.match(
            await git("tag", "--list", "--format=%(contents)", "v1.2.0"),
            new RegExp(`^Hotfix-waived: ${hotfix}: carts`, "m"),
        );
    });

    it("come to an environment that takes signed ones; without the signature, or with a forged one, they do not", async () => {
        const { delivery, world } = pipelines;
        await delivery.operations.pull();
        await delivery.set("stage", ["--path", "environment.signed", "true"]);
        await delivery.set("stage", ["commit", "v1.0.0"]);
        const [deployed] = await world.waitForRuns(await delivery.commitSettings("Run v1.0.0 in stage, and whatever is signed"));
        pipelines.green(deployed);
        for (const [name, digest] of Object.entries(await running(world, "stage"))) assert.equal(digest, served[name], name);

        const diff = () => oneflowAs("stage", "diff", "stage", "v1.0.1");
        assert.equal((await diff()).status, 0);
        const { digest } = (await pullRelease(registry, { deploy, project }, "1.0.1"))!.descriptor;
        const place = new URL(`http://${deploy}/${project}`).pathname.slice(1);
        const listed = join(world.layout.registry, "repositories", place, "_referrers", digest.slice("sha256:".length));
        renameSync(listed, `${listed}.taken`);
        const taken = await diff();
        assert.equal(taken.status, 2);
        assert.match(
            taken.said,
            /signature +v1\.0\.1 has no signature that stage accepts\.\n +It was never signed, or its signature was taken away\./,
        );

        const forger = new LocalKey();
        const { release, descriptor } = (await pullRelease(registry, { deploy, project }, "1.0.1"))!;
        const statement = provenanceOf(release, digest, { waivers: noWaivers }, madeBy);
        const forged = { artifactType: bundleType, content: forger.statement(statement) };
        await registryAs(world, "releaser").attach(`${deploy}/${project}`, descriptor, forged);
        const refused = await diff();
        assert.equal(refused.status, 2);
        assert.ok(
            refused.said.includes(`A signature names the key ${forger.public.fingerprint}, which is not accepted.`),
            refused.said,
        );
        assert.ok(refused.said.includes(`Accepted: ${accepted.fingerprint}.`), refused.said);

        renameSync(`${listed}.taken`, `${listed}.back`);
        for (const name of readdirSync(`${listed}.back`)) renameSync(join(`${listed}.back`, name), join(listed, name));
        assert.equal((await diff()).status, 0);
    });

    /** Lets the platform make the key, and commits what it says of it. */
    async function signReleases(): Promise<PublicKey> {
        const { delivery, world } = pipelines;
        const file = join(delivery.operations.directory, "Pulumi.platform.yaml");
        const signing = ["config", "acme-shop:platform", "signing"];
        setIn(file, signing, {});
        const { code, output } = await delivery.up("platform");
        assert.equal(code, 0, output);
        const pem = (await world.pulumi("platform", ["stack", "output", "publicKey"])).output;
        setIn(file, [...signing, "publicKeys"], [pem]);
        await delivery.commitSettings("Sign releases");
        return readPublicKey(pem);
    }

    async function signatures(version: string) {
        const { digest } = (await pullRelease(registry, { deploy, project }, version))!.descriptor;
        return readSignatures(registry, { deploy, project }, digest, [accepted]);
    }

    async function tag(name: string, commit: string): Promise<void> {
        const { developer } = pipelines.delivery;
        await runGit(developer.directory, ["tag", "--annotate", "--message=by hand", name, commit]);
        await developer.push(name);
    }

    /** The newest attempt of the run that a tag started, ended. */
    async function releaseRun(name: string): Promise<Run> {
        const run = pipelines.world.runs.all().find(({ ref }) => ref === `refs/tags/${name}`);
        assert.ok(run, `the tag ${name} started a run`);
        return pipelines.world.actions.finished(run.id);
    }

    async function rerun({ id }: Run): Promise<Run> {
        const again = await pipelines.world.actions.rerun(id);
        return pipelines.world.actions.finished(again.id);
    }

    /** What git says in the checkout of the operations. */
    async function git(...args: string[]): Promise<string> {
        const { operations } = pipelines.delivery;
        await operations.fetch();
        return (
            await runGit(
                operations.directory,
                args.map((one) => (one === "main" ? "origin/main" : one)),
            )
        ).stdout
            .toString()
            .trim();
    }

    /** `oneflow`, as a release manager types it who may read what dev's deployer reads. */
    function oneflow(...args: string[]): Promise<{ status: number; said: string }> {
        return oneflowAs("dev", ...args);
    }

    async function oneflowAs(stack: string, ...args: string[]): Promise<{ status: number; said: string }> {
        const { layout, daemon } = pipelines.world;
        const name = { NAME: "Ada Manager", EMAIL: "ada@acme.example" };
        const person = Object.entries(name).flatMap(([key, value]) =>
            ["AUTHOR", "COMMITTER"].map((role) => [`GIT_${role}_${key}`, value]),
        );
        const variables = { ...(await stackVariables(layout, daemon, stack)), ...Object.fromEntries(person) };
        const program = join(layout.operations, "bin", "oneflow.js");
        return new Promise((resolve) =>
            execFile(
                process.execPath,
                [program, ...args],
                { cwd: layout.operations, env: { HOME: process.env.HOME, ...variables }, maxBuffer: 2 ** 26 },
                (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, said: `${stdout}${stderr}` }),
            ),
        );
    }
});

function differing(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): string[] {
    return Object.keys(one).filter((name) => one[name] !== other[name]);
}
