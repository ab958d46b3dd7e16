import type { LatestOutcome } from "../../core/build/latest";
import { lockedImages } from "../../core/build/lock";
import { repositoryCatalog, thirdPartyImages } from "../../core/build/repositoryCatalog";
import { provideThirdParty } from "../../core/build/thirdParty";
import { Refusal, type Problem } from "../../core/refusal";
import { RegistryError, TagMoved } from "../../core/registry/model";
import type { BranchKind, Lock } from "../../core/release/lock";
import { makeLock } from "../../core/release/lockDocument";
import { pullLock, pushLock } from "../../core/release/lockStore";
import type { Catalog } from "../../core/settings/model";
import { branchKind } from "../../core/workflows/branches";
import { builtServices, contentPaths, contentPlan } from "../../core/workflows/contentPlan";
import { BuildFailed } from "./build";
import { moveLatestInTurn } from "./latest";
import { confirmLocked, type ProvidedImage, provideBuilt, type Provision } from "./provide";
import { atMost, inTurn } from "./turns";

/** A push: the head of a branch that the delivery builds, and with whose rights. */
export interface PipelineRun extends Omit<Provision, "platforms"> {
    /** The source repository's name on GitHub, `owner/name`. */
    repository: string;
    /** `develop`, `main`, `master` or `hotfix/<name>`. */
    branch: string;
    catalog: Catalog;
    /** @default linux/amd64 */
    platforms?: readonly string[];
    /** Takes a line of progress for each image. @default nobody listens */
    log?(line: string): void;
}

/** What a run did. */
export interface PipelineReport {
    commit: string;
    branch: BranchKind;
    /** Image name → how the commit came by it. An image that failed is not here. */
    images: Readonly<Record<string, ProvidedImage>>;
    /** Why the commit has no lock: a problem for each image that failed. Empty where all is well. */
    failures: readonly Problem[];
    /** Absent where something failed: a lock is there only when every image is. */
    lock?: Lock;
    /** Absent where the branch is not develop, or something failed. */
    latest?: LatestOutcome;
    /** Whether an earlier run had done all of it. */
    unchanged: boolean;
}

/**
 * What a push starts: gives every service of the catalog an image under the commit's SHA, then the commit its lock,
 * and on develop lets `latest` mean it. Running it again changes nothing.
 *
 * Images that fail do not keep the others from being built; they keep the commit from having a lock.
 *
 * @throws Refusal for a branch that is not built, and for what is not the full SHA of a commit that was pushed
 */
export async function runPipeline(run: PipelineRun): Promise<PipelineReport> {
    const { git, registry, tier, repository, commit, log = () => undefined } = run;
    const branch = await pushedBranch(run);
    // One commit may be pushed to two branches at once, and putting a tag is not compare-and-set.
    const made = await inTurn(`build ${tier.registry}/${tier.tier} ${repository} ${commit}`, () => makeImages(run, branch, log));
    if (!made.lock) {
        return { commit, branch, ...made, lock: undefined, unchanged: false };
    }
    const latest = branch === "develop" ? await moveLatestInTurn(git, registry, tier, made.lock) : undefined;
    log(`lock ${commit} ${made.newLock ? "pushed" : "unchanged"}${latest ? `, latest ${latest}` : ""}`);
    const { images, failures, lock, newLock } = made;
    return { commit, branch, images, failures, lock, latest, unchanged: !newLock && latest !== "moved" };
}

async function pushedBranch({ git, commit, branch }: PipelineRun): Promise<BranchKind> {
    const kind = branchKind(branch);
    const problems: Problem[] = [];
    if (!kind) {
        problems.push({
            subject: branch,
            message: "is not a branch that is built: expected develop, main, master or hotfix/<name>.",
            remedy: `git push origin ${commit}:develop`,
        });
    }
    if ((await git.find(commit)) !== commit) {
        problems.push({
            subject: commit,
            message: `is not the full SHA of a commit of ${git.directory}.`,
            remedy: `git push origin ${branch}`,
        });
    }
    if (!kind || problems.length > 0) {
        throw new Refusal(`Build of ${commit} refused, nothing was changed`, problems);
    }
    return kind;
}

interface Made extends Pick<PipelineReport, "images" | "failures" | "lock"> {
    newLock: boolean;
}

async function makeImages(run: PipelineRun, branch: BranchKind, log: (line: string) => void): Promise<Made> {
    const { registry, tier, repository, commit } = run;
    const known = await pullLock(registry, tier, repository, commit);
    const catalog = repositoryCatalog(run.catalog, repository);
    const jobs = known ? confirmations(run, known) : await provisions(run, catalog);
    const images: Record<string, ProvidedImage> = {};
    const failures: Problem[] = [];
    await atMost(4, jobs, async ({ name, provide }) => {
        try {
            images[name] = await provide();
            log(`${name} ${images[name].outcome} ${images[name].digest}`);
        } catch (error) {
            failures.push(...problemsOf(name, error));
            log(`${name} failed: ${(error as Error).message}`);
        }
    });
    failures.sort((a, b) => (a.subject < b.subject ? -1 : 1));
    if (known || failures.length > 0) {
        return { images, failures, lock: failures.length > 0 ? undefined : known, newLock: false };
    }
    const digests = Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
    const lock = makeLock({
        source: { repository, commit, branch },
        catalog,
        images: await lockedImages({ ...run, commits: run.git }, catalog, digests),
    });
    await pushLock(registry, tier, lock);
    return { images, failures, lock, newLock: true };
}

interface Job {
    /** Image name. */
    name: string;
    provide(): Promise<ProvidedImage>;
}

function confirmations(run: PipelineRun, { images }: Lock): Job[] {
    return Object.entries(images).map(([name, { digest }]) => ({ name, provide: () => confirmLocked(run, name, digest) }));
}

async function provisions(run: PipelineRun, catalog: Catalog): Promise<Job[]> {
    const { git, commit, repository, platforms = ["linux/amd64"] } = run;
    const provision: Provision = { ...run, platforms };
    const trees = await git.treeHashes(commit, contentPaths(catalog, repository));
    const plan = new Map(contentPlan(catalog, repository, trees, platforms).map((content) => [content.service, content]));
    return [
        ...builtServices(catalog, repository).map((service) => ({
            name: service.name,
            provide: () => provideBuilt(provision, service, plan.get(service.name)!),
        })),
        ...Object.entries(thirdPartyImages(catalog)).map(([name, image]) => ({
            name,
            provide: () => provideThirdParty(provision, name, image),
        })),
    ];
}

function problemsOf(subject: string, error: unknown): Problem[] {
    if (error instanceof Refusal) {
        return error.problems.map(({ subject: what, message, remedy }) => ({ subject, message: `${what} ${message}`, remedy }));
    }
    if (error instanceof BuildFailed) {
        return [{ subject, message: error.message, remedy: error.remedy }];
    }
    if (error instanceof RegistryError || error instanceof TagMoved) {
        return [{ subject, message: error.message }];
    }
    throw error;
}
