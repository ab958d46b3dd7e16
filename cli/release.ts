import { commitsIn, said } from "../core/build/commits";
import { historyOf, type TaggedRelease } from "../core/build/history";
import { firstOf, gatherCutFacts, namesCommits, notesOf, runToRelease } from "../core/facts/releaseFacts";
import { type Problem, Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import type { Registry } from "../core/registry/model";
import { judgeCut } from "../core/release/cut";
import { imageSet, setKey } from "../core/release/lock";
import { pullRelease } from "../core/release/releaseStore";
import { type Waivers, writeTagText } from "../core/release/tagText";
import { nextPatch, sameLine } from "../core/release/version";
import type { Settings } from "../core/settings/model";
import { agreed } from "./agreed";
import { publishTag } from "./publishTag";
import { type ReleaseArguments, readReleaseArguments, releaseHelp } from "./releaseArguments";
import { settingsHere } from "./source";

/**
 * `oneflow release vX.Y.Z`: judges whether a commit may be released, shows the notes, and makes and pushes the annotated tag that says
 * so. With `--publish` it makes the release of a tag that is there.
 *
 * @throws Refusal with every reason why it may not be released; nothing was changed then
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(releaseHelp);
        return 0;
    }
    const asked = readReleaseArguments(argv);
    const directory = process.cwd();
    const settings = settingsHere("Nothing was released");
    await refuseShallow(directory);
    const registry = new OciRegistry();
    return asked.publish ? publishTag(registry, directory, settings, asked) : tagRelease(registry, directory, settings, asked);
}

/** Judges, shows, asks, tags and pushes. @returns the exit code @throws Refusal as {@link main} */
export async function tagRelease(
    registry: Registry,
    directory: string,
    settings: Settings,
    asked: ReleaseArguments,
): Promise<number> {
    const { version, waitSeconds } = asked;
    await fetchAll(directory);
    const history = historyOf(directory);
    const commit = await commitToRelease(registry, directory, settings, asked);
    const releases = await history.releases();
    const waivers = waiversOf(asked, releases);
    const facts = await gatherCutFacts(registry, history, settings, { version, commit }, waitSeconds);
    const { delivery, project } = settings;
    const published = await pullRelease(registry, { deploy: delivery.deploy, project }, version);
    const problems = [
        ...taken(version, releases, published?.release.lock.source.commit),
        ...judgeCut({ version, commit, waivers }, facts),
    ];
    if (problems.length > 0 || !facts.lock) throw new Refusal(`Release v${version} refused, nothing was changed`, problems);

    console.log(await notesOf(registry, history, settings, { version, commit }, facts.lock));
    const set = namesCommits(settings) ? {} : { set: setKey(imageSet(facts.lock.images)) };
    const text = writeTagText(version, { waivers, ...set });
    console.log(`v${version} is to stand on ${commit}, with this text:\n\n${text}`);
    if (!asked.yes && !(await agreed("Tag it, and push the tag?"))) {
        console.log("Nothing was tagged. To tag it without being asked, add --yes");
        return 0;
    }
    await pushTag(directory, version, commit, text);
    console.log(
        `v${version} stands on ${commit}, and is pushed: the workflow Release makes the release of it. Where no workflow runs:\n` +
            `  → npx oneflow release v${version} --publish`,
    );
    return 0;
}

/** Without its history nobody can tell what a commit stands on. */
async function refuseShallow(directory: string): Promise<void> {
    if (!(await commitsIn(directory).isShallow())) return;
    const message = "is a clone whose history was cut off, and a release is judged by what its commit stands on";
    throw new Refusal("Nothing was released", [{ subject: directory, message, remedy: "git fetch --unshallow --tags origin" }]);
}

/** What is judged are the tags and branches of origin, as they are now. */
async function fetchAll(directory: string): Promise<void> {
    await said(directory, ["fetch", "--quiet", "--prune", "--tags", "origin"]).catch((error: Error) => {
        throw new Refusal("Nothing was released", [
            {
                subject: "origin",
                message: `was not fetched: ${error.message}`,
                remedy: "git fetch --tags origin   # of a tag that differs there: git fetch --tags --force origin",
            },
        ]);
    });
}

/** @throws Refusal where there is no such commit, or nothing names one */
async function commitToRelease(
    registry: Registry,
    directory: string,
    settings: Settings,
    { version, commit, from }: ReleaseArguments,
): Promise<string> {
    const first = firstOf(settings);
    const single = namesCommits(settings);
    const refused = (subject: string, message: string, remedy: string) =>
        new Refusal("Nothing was released", [{ subject, message, remedy }]);
    if (from !== undefined && from !== first.name) {
        throw refused("--from", `is ${from}; a release is made of what ran in ${first.name}`, `--from ${first.name}`);
    }
    if (!single && from === undefined) {
        const message = "cannot be one commit's: services are built from several repositories, or not from this one.";
        throw refused("the release", message, `npx oneflow release v${version} --from ${first.name}`);
    }
    const head = `refs/remotes/origin/${settings.delivery.operations.branch}`;
    const ref = single && from !== undefined ? await commitThatRan(registry, first) : (commit ?? head);
    const found = await commitsIn(directory).find(ref);
    if (found === undefined) throw refused("commit", `${ref} is no commit of this checkout`, "git fetch origin");
    return found;
}

async function commitThatRan(registry: Registry, first: ReturnType<typeof firstOf>): Promise<string> {
    const run = await runToRelease(registry, first);
    const pinned = Object.keys(run?.request.pins ?? {});
    if (run && pinned.length === 0) return run.request.commit;
    const message = run
        ? `runs ${run.request.commit} with ${pinned.join(", ")} pinned, which is no one commit's set`
        : "has no healthy run yet, so nothing was proved there";
    throw new Refusal("Nothing was released", [{ subject: first.name, message, remedy: `pulumi up -s ${first.name}` }]);
}

/** Waivers with each release named by its commit, which its tag may no longer tell one day. */
function waiversOf({ unproven, withoutHotfix }: ReleaseArguments, releases: readonly TaggedRelease[]): Waivers {
    const found = Object.entries(withoutHotfix).map(([ref, reason]) => {
        const release = releases.find(({ version, commit }) => ref === `v${version}` || ref === commit);
        return { ref, reason, release };
    });
    const unknown = found.filter(({ release }) => release === undefined);
    if (unknown.length > 0) {
        const message = "is no release that is tagged: expected vX.Y.Z, or the full SHA of the commit that it stands on";
        throw new Refusal(
            "Nothing was released",
            unknown.map(({ ref }) => ({ subject: ref, message, remedy: "git tag --list 'v*'" })),
        );
    }
    return { unproven, hotfixes: Object.fromEntries(found.map(({ release, reason }) => [release!.commit, reason])) };
}

function taken(version: string, releases: readonly TaggedRelease[], published: string | undefined): Problem[] {
    const subject = `v${version}`;
    const tagged = releases.find((release) => release.version === version)?.commit;
    if (tagged === undefined && published === undefined) return [];
    const next = nextPatch([version, ...releases.map((release) => release.version).filter((one) => sameLine(one, version))]);
    if (published !== undefined) {
        const message = `is made already, of ${published}, and a release is made once.`;
        return [{ subject, message, remedy: `npx oneflow release v${next}` }];
    }
    const message = `stands on ${tagged} already, and a release's tag stays. There is no release of it yet.`;
    return [{ subject, message, remedy: `npx oneflow release v${version} --publish\nor: npx oneflow release v${next}` }];
}

/** A tag that could not be pushed does not stay: it would be in the way of the next try. */
async function pushTag(directory: string, version: string, commit: string, text: string): Promise<void> {
    const tag = `v${version}`;
    const failed = (what: string, remedy: string) => (error: Error) => {
        const message = `was not ${what}: ${error.message}`;
        throw new Refusal("Nothing was released", [{ subject: tag, message, remedy }]);
    };
    await said(directory, ["tag", "--annotate", "--cleanup=whitespace", `--message=${text}`, tag, commit]).catch(
        failed("made", "git config user.name <you> && git config user.email <your address>   # where git asks who you are"),
    );
    await said(directory, ["push", "--quiet", "origin", `refs/tags/${tag}`]).catch(async (error: Error) => {
        await said(directory, ["tag", "--delete", tag]);
        failed(
            "pushed, and is taken back here",
            `npx oneflow release ${tag}   # once you may push tags: platform.releasers`,
        )(error);
    });
}
