import type { Problem } from "../refusal";
import type { Digest } from "../registry/reference";
import { branchKind } from "../workflows/branches";
import { serviceOf, type Lock } from "./lock";
import { lockGaps } from "./lockDocument";
import type { Waivers } from "./tagText";
import { compareVersions, isVersion, nextPatch, sameLine } from "./version";

/** What is asked for: a version for a commit, and what somebody answers for. */
export interface CutRequest {
    /** `1.4.0` */
    version: string;
    /** Full SHA of the commit that the tag stands on. */
    commit: string;
    waivers: Waivers;
}

/** What git and the registries say of it, read before anything is judged. */
export interface CutFacts {
    /** Name of the first environment, and of the tier that images come from. */
    first: { name: string; tier: string };
    /** Branches of origin that hold the commit. */
    branches: readonly string[];
    /** The branch that is operated from: releases are cut from it, whatever it is called. */
    protectedBranch: string;
    /** All other versions that are tagged, whether the commit stands on each, and whether a release came of it. */
    releases: readonly { version: string; commit: string; contained: boolean; made: boolean }[];
    /** Whether a commit names all images, or the set that ran in the first environment is released. */
    takes: "commit" | "set";
    /** What would be released. It need not be total. Absent: the commit has no lock, or the set no healthy run. */
    lock?: Lock;
    /** `<image name>@<digest>` of the lock's images that ran healthy in the first environment. */
    ran: ReadonlySet<string>;
    /** Image names of the lock's that neither the first tier nor the deploy registry has. */
    missing: ReadonlySet<string>;
    /** Image names whose tag in the deploy registry means another image. */
    taken: Readonly<Record<string, { tag: string; digest: Digest }>>;
}

/** All reasons why a release may not be made; none where it may. */
export function judgeCut(request: CutRequest, facts: CutFacts): Problem[] {
    return [branch, order, hotfixes, lock, images, proof].flatMap((rule) => rule(request, facts));
}

/** What a commit is released as; of one that is on a hotfix branch too, the main line says it. Nothing: it is on neither. */
export function lineOf({
    branches,
    protectedBranch,
}: Pick<CutFacts, "branches" | "protectedBranch">): "main" | "hotfix" | undefined {
    const kinds = branches.map((name) => (name === protectedBranch ? "main" : branchKind(name)));
    return kinds.includes("main") ? "main" : kinds.includes("hotfix") ? "hotfix" : undefined;
}

function branch({ commit }: CutRequest, facts: CutFacts): Problem[] {
    if (lineOf(facts) !== undefined) return [];
    const { branches, protectedBranch } = facts;
    const where = branches.length === 0 ? "no branch of origin" : `${branches.join(", ")} alone`;
    const message = `${commit} is on ${where}. Releases are cut from ${protectedBranch}, or for a patch of a release from hotfix/**.`;
    return [{ subject: "branch", message, remedy: `git switch ${protectedBranch} && git merge ${commit} && git push` }];
}

function order({ version, commit }: CutRequest, facts: CutFacts): Problem[] {
    const subject = `v${version}`;
    const before = newest(facts.releases.filter(({ contained, made }) => contained && made));
    const hotfix = lineOf(facts) === "hotfix";
    if (before === undefined) {
        const message = `is cut from ${facts.branches.join(", ")}, which stands on no release: a hotfix mends one.`;
        return hotfix ? [{ subject, message, remedy: `git switch --create hotfix/<name> <release>` }] : [];
    }
    const next = nextPatch([...facts.releases.map((release) => release.version), before].filter((one) => sameLine(one, before)));
    if (compareVersions(version, before) <= 0) {
        const message = `is not above v${before}, which ${commit} stands on.`;
        return [{ subject, message, remedy: `npx oneflow release v${next} --commit ${commit}` }];
    }
    if (hotfix && !sameLine(version, before)) {
        const message = `is no patch of v${before}: a hotfix mends a release, and what else is new comes from ${facts.protectedBranch}.`;
        return [{ subject, message, remedy: `npx oneflow release v${next} --commit ${commit}` }];
    }
    return [];
}

function hotfixes({ version, commit, waivers }: CutRequest, { releases }: CutFacts): Problem[] {
    return releases
        .filter(({ contained, made, version: other }) => made && !contained && compareVersions(other, version) < 0)
        .filter((release) => !Object.hasOwn(waivers.hotfixes, release.commit))
        .map((release) => ({
            subject: `v${release.version}`,
            message: `is an earlier release, and ${commit} does not stand on it: what it mended would be lost.`,
            remedy: `git merge v${release.version}\nor: npx oneflow release v${version} --without-hotfix v${release.version}:<reason>`,
        }));
}

function lock({ version, commit }: CutRequest, { lock: found, first, takes }: CutFacts): Problem[] {
    if (found === undefined && takes === "set") {
        const message = "has no healthy run of what would be released: a release takes what ran there as one.";
        return [{ subject: first.name, message, remedy: `pulumi up -s ${first.name}` }];
    }
    if (found === undefined) {
        const message = `${commit} has no lock in ${first.tier}: its build failed, still runs or never ran.`;
        return [{ subject: "lock", message, remedy: `npx oneflow release v${version} --commit ${commit} --wait 30` }];
    }
    const { missing, surplus } = lockGaps(found);
    return [
        ...missing.map((name) => ({ subject: name, message: "is in the lock's own catalog, and the lock has no image of it." })),
        ...surplus.map((name) => ({ subject: name, message: "is in the lock, and its own catalog does not have it." })),
    ];
}

function images(_: CutRequest, { lock: found, missing, taken, first }: CutFacts): Problem[] {
    return imagesOf(found).flatMap(([name, { digest }]): Problem[] => {
        if (Object.hasOwn(taken, name)) {
            const { tag, digest: other } = taken[name];
            const message = `has the tag ${tag} in the deploy registry, and it means ${other}, not ${digest}: somebody put it there.`;
            return [{ subject: name, message }];
        }
        const message = `${digest} is no longer in ${first.tier}: it was cleaned up, and is not built again under its tag.`;
        return missing.has(name)
            ? [{ subject: name, message, remedy: 'git commit --allow-empty -m "Build again" && git push' }]
            : [];
    });
}

/** A hotfix is new by what it mends, and the rest was released before: neither need have run in the first environment. */
function proof({ version, waivers }: CutRequest, { lock: found, ran, first }: CutFacts): Problem[] {
    const known = new Set(imagesOf(found).map(([name]) => serviceOf(name)));
    const strangers = Object.keys(waivers.unproven)
        .filter((service) => found !== undefined && !known.has(service))
        .map((service) => ({ subject: service, message: "is waived, and the release has no such service." }));
    if (found?.source.branch === "hotfix") return strangers;
    const unproven = imagesOf(found).filter(([name, { digest }]) => !ran.has(`${name}@${digest}`));
    return [
        ...strangers,
        ...unproven
            .filter(([name]) => !Object.hasOwn(waivers.unproven, serviceOf(name)))
            .map(([name, { digest }]) => ({
                subject: name,
                message: `${digest} never ran healthy in ${first.name}.`,
                remedy: `pulumi up -s ${first.name}   # with this commit\nor: npx oneflow release v${version} --unproven ${serviceOf(name)}:<reason>`,
            })),
    ];
}

function imagesOf(found: Lock | undefined) {
    return Object.entries(found?.images ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

function newest(releases: CutFacts["releases"]): string | undefined {
    return releases
        .map(({ version }) => version)
        .filter(isVersion)
        .sort(compareVersions)
        .at(-1);
}
