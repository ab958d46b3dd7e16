import { Refusal, type Problem } from "../refusal";
import { UnreadableContent, TagMoved, type Bundle, type Descriptor, type Registry } from "../registry/model";
import { imageSet, type Lock } from "./lock";
import { parseRelease, releaseBundle } from "./releaseDocument";
import { releaseRepository, type Release } from "./release";
import { releaseTags } from "./version";

/** Where a project's releases stand. */
export type ReleasePlace = Pick<Release, "deploy" | "project">;

/** A release as it was pulled: read, and as the bytes that others are given. */
export interface PulledRelease {
    release: Release;
    bundle: Bundle;
    descriptor: Descriptor;
}

/**
 * Puts a release into the deploy registry, under `v1.4.0` and `1.4.0`. The same release again changes nothing, and completes one that
 * broke off between its tags. That the images stand there already is for the caller to know.
 *
 * @throws Refusal where one of the tags means another release: a release is written once
 */
export async function pushRelease(registry: Registry, release: Release): Promise<Descriptor> {
    const bundle = releaseBundle(release);
    const repository = releaseRepository(release.deploy, release.project);
    try {
        return await registry.pushBundle(repository, bundle, releaseTags(release.version));
    } catch (error) {
        throw error instanceof TagMoved ? await otherRelease(registry, release, error) : error;
    }
}

/**
 * The release of a version, verified whole. Nothing where neither of its tags is there.
 *
 * @throws Refusal where what stands there is no release, is damaged or cut off, is another project's or version's, or where its two
 * tags do not mean one release
 */
export async function pullRelease(registry: Registry, place: ReleasePlace, version: string): Promise<PulledRelease | undefined> {
    const repository = releaseRepository(place.deploy, place.project);
    const meanings = await Promise.all(
        releaseTags(version).map(async (tag) => ({ tag, digest: (await registry.resolve(`${repository}:${tag}`))?.digest })),
    );
    const [{ tag, digest }, plain] = meanings;
    const what = `Release ${repository}:${tag}`;
    if (digest === undefined && plain.digest === undefined) {
        return undefined;
    }
    if (digest === undefined || digest !== plain.digest) {
        const words = meanings.map((one) => `${one.tag} means ${one.digest ?? "nothing"}`).join(", ");
        const message = `${words}; expected one release under both: it broke off, or somebody moved a tag.`;
        throw unreadable(what, [{ subject: "tags", message, remedy: `npx oneflow release v${version} --publish` }]);
    }
    const pulled = await pullWhole(registry, `${repository}@${digest}`, what);
    const release = parseRelease(pulled, what);
    const said = { project: release.project, version: release.version };
    const problems = Object.entries({ project: place.project, version })
        .filter(([name, wanted]) => said[name as keyof typeof said] !== wanted)
        .map(([name, wanted]) => {
            const message = `is ${said[name as keyof typeof said]}, expected ${wanted}: somebody put the tag on another release.`;
            return { subject: name, message };
        });
    if (problems.length > 0) {
        throw unreadable(what, problems);
    }
    const { descriptor, ...bundle } = pulled;
    return { release, bundle, descriptor };
}

async function pullWhole(registry: Registry, address: string, what: string): Promise<Bundle & { descriptor: Descriptor }> {
    try {
        const pulled = await registry.pullBundle(address);
        if (pulled) {
            return pulled;
        }
    } catch (error) {
        if (error instanceof UnreadableContent) {
            throw unreadable(what, [{ subject: "bytes", message: `${error.message}.` }]);
        }
        throw error;
    }
    throw unreadable(what, [{ subject: "bytes", message: `${address} is gone, and its tag is still there.` }]);
}

function unreadable(what: string, problems: readonly Problem[]): Refusal {
    return new Refusal(`${what} cannot be read`, problems);
}

async function otherRelease(registry: Registry, release: Release, moved: TagMoved): Promise<Refusal> {
    const { version } = release;
    const there = await readable(registry, release, version);
    const differing = there ? differences(there.lock, release.lock) : [];
    const images = differing.length > 0 ? differing : ["All images are the same: source, catalog or rendering differ."];
    return new Refusal(`Release v${version} refused, nothing was changed`, [
        {
            subject: `v${version}`,
            message: [
                `${moved.reference} already means another release, ${moved.current}, and a release is written once.`,
                ...(there ? images : ["What stands there cannot be read as a release."]),
            ].join("\n"),
            remedy: "release it under the next version",
        },
    ]);
}

/** What stands there, where it can be read: it is only told, beside a refusal that holds without it. */
async function readable(registry: Registry, place: ReleasePlace, version: string): Promise<Release | undefined> {
    try {
        return (await pullRelease(registry, place, version))?.release;
    } catch (error) {
        if (error instanceof Refusal) {
            return undefined;
        }
        throw error;
    }
}

function differences(there: Lock, here: Lock): string[] {
    const [theirs, ours] = [imageSet(there.images), imageSet(here.images)];
    return Object.keys({ ...theirs, ...ours })
        .filter((name) => theirs[name] !== ours[name])
        .sort()
        .map((name) => `${name} is ${theirs[name] ?? "absent"} there, ${ours[name] ?? "absent"} here`);
}
