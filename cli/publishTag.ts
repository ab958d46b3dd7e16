import { writeFileSync } from "node:fs";
import { historyOf } from "../core/build/history";
import { firstOf, gatherCutFacts, namesCommits, notesOf } from "../core/facts/releaseFacts";
import { runOf } from "../core/facts/process";
import { Refusal } from "../core/refusal";
import { type Descriptor, type Registry, RegistryError } from "../core/registry/model";
import type { Digest } from "../core/registry/reference";
import { judgeCut } from "../core/release/cut";
import { imageSet, type Lock, setKey } from "../core/release/lock";
import { publishRelease, releaseOf } from "../core/release/publish";
import { type Release, releaseRepository } from "../core/release/release";
import { signatureNote } from "../core/release/releaseNotes";
import { pullRelease, type PulledRelease } from "../core/release/releaseStore";
import { readSignatures } from "../core/release/signatureStore";
import { signRelease } from "../core/release/signRelease";
import { readTagText, type TagText } from "../core/release/tagText";
import { nextPatch, releaseTags } from "../core/release/version";
import { KmsKey, SigningRefused, type SigningKey } from "../core/signing/kmsKey";
import { provenanceOf, type Statement } from "../core/signing/provenance";
import type { PublicKey } from "../core/signing/publicKey";
import type { Settings } from "../core/settings/model";
import type { ReleaseArguments } from "./releaseArguments";

/**
 * Makes the release of a tag: judges again what its maker judged, copies the images, puts the release, and signs it where the settings
 * say so. Where the release stands already, signed, it changes nothing; what broke off is continued.
 *
 * @param key the key that signs, by its name @default in Cloud KMS, as whoever runs this process
 * @throws Refusal with every reason why the tag may not be released, or where the release is one of another commit; Error where it was
 * made and could not be signed
 */
export async function publishTag(
    registry: Registry,
    directory: string,
    settings: Settings,
    { version, waitSeconds, output }: Pick<ReleaseArguments, "version" | "waitSeconds" | "output">,
    key: (name: string) => SigningKey = (name) => new KmsKey(name),
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
    const tell = async (lock: Lock, by: Digest | undefined, words: string) => {
        const notes = `${await notesOf(registry, history, settings, { version, commit }, lock)}\n${signatureNote(by)}`;
        if (output !== undefined) writeFileSync(output, notes);
        console.log(`${notes}\n${words}`);
        return 0;
    };
    const { signing } = settings.delivery;
    const there = await standingRelease(registry, settings, version);
    if (there) {
        const { release, descriptor } = there;
        refuseMoved(title, version, { commit, ...(!namesCommits(settings) && said) }, release.lock);
        const by = signing && (await readSignatures(registry, release, descriptor.digest, signing.publicKeys)).by;
        // One without a signature is judged and made as if it were not there: that somebody put it there is no reason to sign it.
        if (!signing || by !== undefined) return tell(release.lock, by, `v${version} stands already: nothing was changed.`);
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
    const { copied, descriptor } = await publishRelease(registry, release, firstOf(settings));
    const images = Object.keys(facts.lock.images).length;
    const address = `${releaseRepository(release.deploy, release.project)}:v${version}`;
    const statement = provenanceOf(release, descriptor.digest, said, runOf(process.env));
    const by =
        signing && (await sign(registry, release, descriptor, statement, { key: key(signing.key), accepted: signing.publicKeys }));
    const words = `v${version} is made${by === undefined ? "" : " and signed"}: ${address}, ${copied} of ${images} images were copied.`;
    return tell(facts.lock, by, words);
}

/** @throws Error that says that the release is there, and what to do then */
async function sign(
    registry: Registry,
    release: Release,
    descriptor: Descriptor,
    statement: Statement,
    keys: { key: SigningKey; accepted: readonly PublicKey[] },
): Promise<Digest> {
    try {
        return await signRelease(registry, release, descriptor, statement, keys);
    } catch (error) {
        const { message } = error as Error;
        const again = `→ then again: npx oneflow release v${release.version} --publish`;
        throw error instanceof SigningRefused || error instanceof RegistryError
            ? new Error(`v${release.version} is made, and is not signed. ${message}\n${again}`)
            : error;
    }
}

/** The release, where it is whole. One that broke off between its tags is completed as if it were not there. */
async function standingRelease(registry: Registry, settings: Settings, version: string): Promise<PulledRelease | undefined> {
    const place = { deploy: settings.delivery.deploy, project: settings.project };
    const repository = releaseRepository(place.deploy, place.project);
    const tags = await Promise.all(releaseTags(version).map((tag) => registry.resolve(`${repository}:${tag}`)));
    return tags.every(Boolean) ? pullRelease(registry, place, version) : undefined;
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
