import { writeFileSync } from "node:fs";
import { historyOf } from "../core/build/history";
import { firstOf, gatherCutFacts, namesCommits, notesOf } from "../core/facts/releaseFacts";
import { Refusal } from "../core/refusal";
import type { Registry } from "../core/registry/model";
import { judgeCut } from "../core/release/cut";
import { imageSet, type Lock, setKey } from "../core/release/lock";
import { publishRelease, releaseOf } from "../core/release/publish";
import { releaseRepository } from "../core/release/release";
import { pullRelease } from "../core/release/releaseStore";
import { readTagText, type TagText } from "../core/release/tagText";
import { nextPatch, releaseTags } from "../core/release/version";
import type { Settings } from "../core/settings/model";
import type { ReleaseArguments } from "./releaseArguments";

/**
 * Makes the release of a tag: judges again what its maker judged, copies the images, and puts the release. Where the release stands
 * already it changes nothing; what broke off is continued.
 *
 * @throws Refusal with every reason why the tag may not be released, or where the release is one of another commit
 */
export async function publishTag(
    registry: Registry,
    directory: string,
    settings: Settings,
    { version, waitSeconds, output }: Pick<ReleaseArguments, "version" | "waitSeconds" | "output">,
): Promise<number> {
    const history = historyOf(directory);
    const commit = (await history.releases()).find((release) => release.version === version)?.commit;
    const title = `Release v${version} refused, nothing was changed`;
    if (commit === undefined) {
        const message = "is no tag of this checkout, and a release is made of one.";
        throw new Refusal(title, [
            { subject: `v${version}`, message, remedy: `git fetch --tags origin\nor: npx oneflow release v${version}` },
        ]);
    }
    const said = readTagText((await history.tagText(version)) ?? "");
    const tell = async (lock: Lock, words: string) => {
        const notes = await notesOf(registry, history, settings, { version, commit }, lock);
        if (output !== undefined) writeFileSync(output, notes);
        console.log(`${notes}\n${words}`);
        return 0;
    };
    const there = await standingRelease(registry, settings, version);
    if (there) {
        refuseMoved(title, version, { commit, ...(!namesCommits(settings) && said) }, there);
        return tell(there, `v${version} stands already: nothing was changed.`);
    }
    if (!namesCommits(settings) && said.set === undefined) {
        const message = "names no set of images, and no commit names all: services are built from several repositories.";
        const remedy = `npx oneflow release v${nextPatch([version])} --from ${firstOf(settings).name}`;
        throw new Refusal(title, [{ subject: `v${version}`, message, remedy }]);
    }
    const facts = await gatherCutFacts(registry, history, settings, { version, commit, set: said.set }, waitSeconds);
    const problems = judgeCut({ version, commit, waivers: said.waivers }, facts);
    if (problems.length > 0 || !facts.lock) throw new Refusal(title, problems);
    const release = releaseOf(settings, version, facts.lock);
    const copied = await publishRelease(registry, release, firstOf(settings));
    const images = Object.keys(facts.lock.images).length;
    const address = `${releaseRepository(release.deploy, release.project)}:v${version}`;
    return tell(facts.lock, `v${version} is made: ${address}, ${copied} of ${images} images were copied.`);
}

/** The lock of the release, where it is whole. One that broke off between its tags is completed as if it were not there. */
async function standingRelease(registry: Registry, settings: Settings, version: string): Promise<Lock | undefined> {
    const place = { deploy: settings.delivery.deploy, project: settings.project };
    const repository = releaseRepository(place.deploy, place.project);
    const tags = await Promise.all(releaseTags(version).map((tag) => registry.resolve(`${repository}:${tag}`)));
    return tags.every(Boolean) ? (await pullRelease(registry, place, version))?.release.lock : undefined;
}

function refuseMoved(title: string, version: string, tag: { commit: string } & Partial<TagText>, there: Lock): void {
    const set = setKey(imageSet(there.images));
    if (there.source.commit === tag.commit && (tag.set ?? set) === set) return;
    const message =
        there.source.commit === tag.commit
            ? `names the set ${tag.set}, and the release is there, of the set ${set}`
            : `stands on ${tag.commit}, and the release is there, of ${there.source.commit}`;
    const remedy = `git push --force origin ${there.source.commit}:refs/tags/v${version}   # back\nor: npx oneflow release v${nextPatch([version])} --commit ${tag.commit}`;
    throw new Refusal(title, [{ subject: `v${version}`, message: `${message}: the tag was moved.`, remedy }]);
}
