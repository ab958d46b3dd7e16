import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publishTag } from "../../cli/publishTag";
import { tagRelease } from "../../cli/release";
import { readReleaseArguments, type ReleaseArguments } from "../../cli/releaseArguments";
import { Refusal } from "../../core/refusal";
import { RegistryError } from "../../core/registry/model";
import { imageRepository } from "../../core/release/addresses";
import { imageSet, type Lock, type LockedImage, setKey } from "../../core/release/lock";
import { pushLock } from "../../core/release/lockStore";
import { publishRelease, releaseOf } from "../../core/release/publish";
import { pullRelease } from "../../core/release/releaseStore";
import { writeRun } from "../../core/release/runRecordStore";
import { readSignatures } from "../../core/release/signatureStore";
import type { Settings } from "../../core/settings/model";
import { SigningRefused, type SigningKey } from "../../core/signing/kmsKey";
import { runGit } from "../../sandbox/git/command";
import { Repository } from "../../sandbox/git/repository";
import { service, settings } from "../components/settings";
import { MemoryRegistry } from "./memoryRegistry";
import { LocalKey } from "./signingFixture";
import { catalogOf, lockOf, recordOf } from "./promotionExamples";

const catalog = catalogOf("cart", "checkout");
const shop: Settings = settings({ project: "shop", catalog });
const several: Settings = {
    ...shop,
    catalog: {
        services: { ...catalog.services, cart: { ...catalog.services.cart, image: { ...source("acme/cart"), path: "." } } },
    },
};
const [dev] = shop.environments;
const { deploy } = shop.delivery;

describe("oneflow release", () => {
    let root: string;
    let bare: Repository;
    let clone: Repository;
    let registry: MemoryRegistry;
    let first: string;
    let built: Lock;

    beforeEach(async () => {
        root = mkdtempSync(join(tmpdir(), "oneflow-release-"));
        bare = await Repository.bare(join(root, "bare"));
        clone = await Repository.clone(bare, join(root, "clone"));
        await runGit(clone.directory, ["config", "user.name", "Ada"]);
        await runGit(clone.directory, ["config", "user.email", "ada@acme.example"]);
        await clone.branch("main");
        registry = new MemoryRegistry();
        first = await pushed("one");
        built = await lock(first);
        await ran(built, 0);
    });
    afterEach(() => rmSync(root, { recursive: true }));

    async function pushed(text: string): Promise<string> {
        writeFileSync(join(clone.directory, "file"), text);
        const commit = await clone.commit(`Say ${text}`);
        await clone.push("HEAD");
        return commit;
    }

    async function lock(commit: string): Promise<Lock> {
        const images = ["cart", "checkout"].map((name): [string, LockedImage] => [
            name,
            { commit, digest: registry.putImage(imageRepository(dev, name), `${name} ${commit}`, [commit]) },
        ]);
        const made = lockOf(commit, Object.fromEntries(images), catalog);
        await pushLock(registry, dev, made);
        return made;
    }

    const ran = ({ source: { commit }, images }: Lock, minute: number, pins = {}) =>
        writeRun(registry, dev, recordOf("dev", { commit, pins }, images, `2026-03-02T10:0${minute}:00Z`));
    const asked = (...words: string[]): ReleaseArguments => readReleaseArguments(words);
    const tagged = (how: Settings, ...words: string[]) =>
        quietly(() => tagRelease(registry, clone.directory, how, asked(...words, "--yes")));
    const published = (how: Settings, ...words: string[]) =>
        quietly(() => publishTag(registry, clone.directory, how, asked(...words, "--publish")));
    const tags = async () => (await runGit(bare.directory, ["tag", "--list"])).stdout.toString();
    const release = async (version: string) => (await pullRelease(registry, { deploy, project: "shop" }, version))?.release;

    it("tags the head of the main branch, and makes the release of the tag; again it changes nothing", async () => {
        const { code, said } = await tagged(shop, "v1.0.0");
        assert.equal(code, 0);
        assert.match(said, /^# v1\.0\.0\n[^]*v1\.0\.0 is to stand on [0-9a-f]{40}, with this text:\n\nv1\.0\.0\n[^]*is pushed/);
        assert.equal(await bare.find("v1.0.0"), first);
        assert.equal(await release("1.0.0"), undefined);

        const notes = join(root, "notes.md");
        const made = await published(shop, "v1.0.0", "--output", notes);
        assert.match(
            made.said,
            /v1\.0\.0 is made: europe-west1-docker\.pkg\.dev\/acme-delivery\/deploy\/shop:v1\.0\.0, 2 of 2 images/,
        );
        assert.match(readFileSync(notes, "utf8"), /^# v1\.0\.0\n\nChanged:\n/);
        assert.deepEqual((await release("1.0.0"))?.lock, built);

        const before = registry.contents();
        assert.match((await published(shop, "v1.0.0")).said, /v1\.0\.0 stands already: nothing was changed\.\n$/);
        assert.deepEqual(registry.contents(), before);
    });

    describe("where the settings name a key,", () => {
        const key = new LocalKey();
        const signing: Settings = {
            ...shop,
            delivery: { ...shop.delivery, signing: { key: key.name, publicKeys: [key.public] } },
        };
        const signed = (how: Settings, by: SigningKey) =>
            quietly(() => publishTag(registry, clone.directory, how, asked("v1.0.0", "--publish", "--output", notes()), () => by));
        const notes = () => join(root, "notes.md");
        const signatures = async () => {
            const { digest } = (await pullRelease(registry, { deploy, project: "shop" }, "1.0.0"))!.descriptor;
            return readSignatures(registry, { deploy, project: "shop" }, digest, [key.public]);
        };
        beforeEach(() => tagged(shop, "v1.0.0"));

        it("signs what it made, says so in the notes, and does not do it again", async () => {
            const { said } = await signed(signing, key);
            assert.match(said, /v1\.0\.0 is made and signed: \S+deploy\/shop:v1\.0\.0, 2 of 2 images were copied\.\n$/);
            assert.ok(
                readFileSync(notes(), "utf8").endsWith(`\nSigned with its provenance by the key \`${key.public.fingerprint}\`.\n`),
            );
            assert.deepEqual(await signatures(), { by: key.public.fingerprint, rejected: [] });
            const before = registry.contents();
            assert.match((await signed(signing, key)).said, /v1\.0\.0 stands already: nothing was changed\.\n$/);
            assert.deepEqual([registry.contents(), key.signed], [before, 1]);
        });

        it("signs a release that was made before there was a key, as one that it makes again", async () => {
            await published(shop, "v1.0.0", "--output", notes());
            assert.ok(readFileSync(notes(), "utf8").endsWith("\nIt is not signed.\n"));
            const { said } = await signed(signing, key);
            assert.match(said, /v1\.0\.0 is made and signed: \S+deploy\/shop:v1\.0\.0, 0 of 2 images were copied\.\n$/);
            assert.deepEqual(await signatures(), { by: key.public.fingerprint, rejected: [] });
        });

        it("signs nothing because it is there: what it would not make, or make otherwise, is refused", async () => {
            const before = key.signed;
            const { environments } = shop;
            const elsewhere = { ...shop, environments: environments.map((one) => ({ ...one, namespace: "theirs" })) };
            await publishRelease(registry, releaseOf(elsewhere, "1.0.0", built), dev);
            assert.match((await refused(() => signed(signing, key))).message, /v1\.0\.0 already means another release/);
            await ran(await lock(await pushed("two")), 1);
            const unproven = await lock(await pushed("three"));
            await tagged(shop, "v1.1.0", "--unproven", "cart:dev is down", "--unproven", "checkout:dev is down");
            await runGit(clone.directory, ["tag", "--force", "v1.1.0", unproven.source.commit]);
            await publishRelease(registry, releaseOf(shop, "1.1.0", unproven), dev);
            const publish = () =>
                quietly(() => publishTag(registry, clone.directory, signing, asked("v1.1.0", "--publish"), () => key));
            assert.match((await refused(publish)).message, /cart +sha256:\w+ never ran healthy in dev/);
            assert.equal(key.signed, before);
        });

        it("fails where the key does not sign: the release is there, and what to do then is said", async () => {
            const away: SigningKey = {
                ...key,
                publicKey: () => Promise.resolve(key.public),
                sign: () => Promise.reject(new SigningRefused("Cloud KMS is away")),
            };
            await assert.rejects(signed(signing, away), {
                message: "v1.0.0 is made, and is not signed. Cloud KMS is away\n→ then again: npx oneflow release v1.0.0 --publish",
            });
            assert.deepEqual((await release("1.0.0"))?.lock, built);
            assert.deepEqual(await signatures(), { rejected: [] });
            await signed(signing, key);
            assert.deepEqual(await signatures(), { by: key.public.fingerprint, rejected: [] });
        });

        it("fails likewise where the registry takes no signature", async () => {
            await published(shop, "v1.0.0");
            const { digest } = (await pullRelease(registry, { deploy, project: "shop" }, "1.0.0"))!.descriptor;
            registry.beforePut = (call) => {
                if (!call.endsWith(digest)) throw new RegistryError("the disk is full", 507);
            };
            await assert.rejects(
                signed(signing, key),
                /^Error: v1\.0\.0 is made, and is not signed\. the disk is full\n→ then again/,
            );
        });
    });

    it("asks first: where nobody sits at a terminal and none said yes, nothing is tagged", async () => {
        const { code, said } = await quietly(() => tagRelease(registry, clone.directory, shop, asked("v1.0.0")));
        assert.equal(code, 0);
        assert.match(said, /Nothing was tagged\. To tag it without being asked, add --yes\n$/);
        assert.equal(await tags(), "");
    });

    it("takes the commit that runs in the first environment, if it is one", async () => {
        await pushed("two");
        await tagged(shop, "v1.0.0", "--from", "dev");
        assert.equal(await bare.find("v1.0.0"), first);
        await ran(built, 1, { cart: first });
        assert.deepEqual((await refused(() => tagged(shop, "v1.1.0", "--from", "dev"))).problems, [
            {
                subject: "dev",
                message: `runs ${first} with cart pinned, which is no one commit's set`,
                remedy: "pulumi up -s dev",
            },
        ]);
        assert.deepEqual((await refused(() => tagged(shop, "v1.1.0", "--from", "stage"))).problems, [
            { subject: "--from", message: "is stage; a release is made of what ran in dev", remedy: "--from dev" },
        ]);
    });

    it("makes a version once, and says what is left to do for one that is only tagged", async () => {
        await tagged(shop, "v1.0.0");
        assert.deepEqual((await refused(() => tagged(shop, "v1.0.0"))).problems, [
            {
                subject: "v1.0.0",
                message: `stands on ${first} already, and a release's tag stays. There is no release of it yet.`,
                remedy: "npx oneflow release v1.0.0 --publish\nor: npx oneflow release v1.0.1",
            },
        ]);
        await published(shop, "v1.0.0");
        assert.deepEqual((await refused(() => tagged(shop, "v1.0.0"))).problems[0], {
            subject: "v1.0.0",
            message: `is made already, of ${first}, and a release is made once.`,
            remedy: "npx oneflow release v1.0.1",
        });
    });

    it("refuses a tag that was moved after its release was made, and names both commits", async () => {
        await tagged(shop, "v1.0.0");
        await published(shop, "v1.0.0");
        const second = await pushed("two");
        await ran(await lock(second), 1);
        await runGit(clone.directory, ["tag", "--force", "--annotate", "--message=moved", "v1.0.0", second]);
        const before = registry.contents();
        const { problems } = await refused(() => published(shop, "v1.0.0"));
        assert.deepEqual(
            problems.map(({ subject, message }) => ({ subject, message })),
            [{ subject: "v1.0.0", message: `stands on ${second}, and the release is there, of ${first}: the tag was moved.` }],
        );
        assert.deepEqual(registry.contents(), before);
    });

    it("takes the waivers of the tag, and no others", async () => {
        const second = await pushed("two");
        await lock(second);
        assert.equal((await refused(() => tagged(shop, "v1.0.0"))).problems.length, 2);
        await tagged(shop, "v1.0.0", "--unproven", "cart:dev is down", "--unproven", "checkout:dev is down");
        await published(shop, "v1.0.0");
        assert.equal((await release("1.0.0"))?.lock.source.commit, second);
        await runGit(clone.directory, ["tag", "--annotate", "--message=by hand", "v1.0.1", second]);
        assert.deepEqual(
            (await refused(() => published(shop, "v1.0.1"))).problems.map(({ subject }) => subject),
            ["cart", "checkout"],
        );
        const unknown = await refused(() => tagged(shop, "v1.0.2", "--without-hotfix", "v9.9.9:gone"));
        assert.deepEqual(
            unknown.problems.map(({ subject }) => subject),
            ["v9.9.9"],
        );
    });

    it("is refused where there is no such tag or commit", async () => {
        assert.match((await refused(() => published(shop, "v1.0.0"))).message, /v1\.0\.0 {2}is no tag of this checkout/);
        assert.match(
            (await refused(() => tagged(shop, "v1.0.0", "--commit", "f".repeat(40)))).message,
            /is no commit of this checkout/,
        );
    });

    it("needs to know who tags", async () => {
        await runGit(clone.directory, ["config", "user.useConfigOnly", "true"]);
        await runGit(clone.directory, ["config", "--unset", "user.email"]);
        const { GIT_CONFIG_GLOBAL: own } = process.env;
        process.env.GIT_CONFIG_GLOBAL = "/dev/null";
        const { message } = await refused(() => tagged(shop, "v1.0.0")).finally(() => {
            if (own === undefined) delete process.env.GIT_CONFIG_GLOBAL;
            else process.env.GIT_CONFIG_GLOBAL = own;
        });
        assert.match(message, /v1\.0\.0 {2}was not made: [^]*→ git config user\.name/);
    });

    it("leaves no tag behind that could not be pushed", async () => {
        const hook = join(bare.directory, "hooks", "pre-receive");
        writeFileSync(hook, "#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n");
        chmodSync(hook, 0o755);
        const { message } = await refused(() => tagged(shop, "v1.0.0"));
        assert.match(message, /v1\.0\.0 {2}was not pushed, and is taken back here: [^]*GH013: Repository rule violations found/);
        assert.equal((await runGit(clone.directory, ["tag", "--list"])).stdout.toString(), "");
    });

    it("takes, of several repositories, what ran in the first environment when it was tagged, wherever that has gone since", async () => {
        assert.match((await refused(() => tagged(several, "v1.0.0"))).message, /→ npx oneflow release v1.0.0 --from dev/);
        const set = setKey(imageSet(built.images));
        const { said } = await tagged(several, "v1.0.0", "--from", "dev");
        assert.ok(said.includes(`\n\nv1.0.0\n\nSet: ${set}\n`), said);
        await ran(await lock(await pushed("two")), 1);
        await published(several, "v1.0.0");
        const made = (await release("1.0.0"))!;
        assert.deepEqual(
            [made.lock.source, made.lock.images],
            [{ repository: "acme/shop", commit: first, branch: "main" }, built.images],
        );
        assert.match((await published(several, "v1.0.0")).said, /stands already/);
        await runGit(clone.directory, ["tag", "v1.0.1", "HEAD"]);
        assert.match((await refused(() => published(several, "v1.0.1"))).message, /v1\.0\.1 {2}names no set of images/);
    });
});

describe("The arguments of oneflow release", () => {
    it("are refused with all that is wrong with them", () => {
        const words = ["1.0", "--wait", "soon", "--commit", "a", "--from", "dev", "--unproven", "cart", "--output", "x"];
        assert.throws(
            () => readReleaseArguments(words),
            (error: Refusal) => {
                assert.deepEqual(
                    error.problems.map(({ subject }) => subject),
                    ["oneflow release", "--wait", "--from", "--output", "--unproven"],
                );
                return true;
            },
        );
        assert.throws(
            () => readReleaseArguments(["v1.0.0", "--publish", "--unproven", "cart:x"]),
            /--unproven {2}goes into the tag/,
        );
    });
});

function source(repository: string) {
    const { image } = service("any");
    assert.ok(image.from === "source");
    return { ...image, repository };
}

async function refused(work: () => Promise<unknown>): Promise<Refusal> {
    const error: unknown = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Refusal, String(error));
    return error;
}

/** What a command says, kept from the report of the tests. */
async function quietly(work: () => Promise<number>): Promise<{ code: number; said: string }> {
    const { write, isTTY } = process.stdout;
    let said = "";
    // The person who runs the tests may sit at a terminal, and is not to be asked.
    process.stdout.isTTY = false;
    process.stdout.write = (text: string | Uint8Array) => ((said += text.toString()), true);
    try {
        return { code: await work(), said };
    } finally {
        Object.assign(process.stdout, { write, isTTY });
    }
}
