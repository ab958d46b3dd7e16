import { posix } from "node:path";
import { type Problem, Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import type { Digest } from "../registry/reference";
import { imageRepository, type Tier } from "../release/addresses";
import { pullLock } from "../release/lockStore";
import { buildContexts } from "../settings/buildContexts";
import type { BuiltImage, Catalog, Service } from "../settings/model";
import { builtServices, contentPaths, contentPlan, type PlannedContent } from "../workflows/contentPlan";
import type { Commits } from "./commits";

/** What is planned: the services that one repository builds, at one of its commits. */
export interface PlanRequest {
    commits: Commits;
    catalog: Catalog;
    /** `owner/name` on GitHub. */
    repository: string;
    /** Full SHA. */
    commit: string;
    /** What images are built for. @default linux/amd64 */
    platforms?: readonly string[];
}

/** A service whose content has no image yet, in the words of `docker/build-push-action`. */
export interface Build {
    name: string;
    /** Folder of the build context in the checkout. */
    context: string;
    /** Path of the Dockerfile in the checkout. */
    dockerfile: string;
    /** Build arguments, a line `KEY=value` for each. */
    args: string;
    /** Folders that the Dockerfile can also copy from, a line `name=./path` for each. */
    contexts: string;
    /** With commas between them. */
    platforms: string;
    /** The tag that stands for the content: {@link PlannedContent.tag}. */
    tag: string;
}

/** What a commit needs until each of its services has an image. */
export interface BuildPlan {
    commit: string;
    build: readonly Build[];
    /** Services whose content was built before, for another commit. */
    tag: readonly { name: string; digest: Digest; tag: string }[];
    /** Services that have the commit's image already. */
    unchanged: readonly string[];
}

/**
 * Plans against a tier: what stands there is never built again.
 *
 * @throws Refusal where a service's paths or arguments cannot be built; RegistryError where the registry does not answer
 */
export async function planAgainstTier(request: PlanRequest, registry: Registry, tier: Tier): Promise<BuildPlan> {
    const contents = await contentsOf(request);
    // A commit that has its lock is done: what was cleaned since is not built again under its tag.
    if (await pullLock(registry, tier, request.repository, request.commit)) {
        return { commit: request.commit, build: [], tag: [], unchanged: contents.map(({ service }) => service.name) };
    }
    const found = await Promise.all(
        contents.map(async ({ service, content }) => {
            const repository = imageRepository(tier, service.name);
            const [own, same] = await Promise.all(
                [request.commit, content.tag].map((tag) => registry.resolve(`${repository}:${tag}`)),
            );
            return { service, content, own, same };
        }),
    );
    const missing = found.filter(({ own }) => !own);
    refuseUnbuildable(
        request,
        missing.filter(({ same }) => !same),
    );
    return {
        commit: request.commit,
        build: missing.filter(({ same }) => !same).map(({ service, content }) => build(request, service, content)),
        tag: missing.flatMap(({ service, content, same }) =>
            same ? [{ name: service.name, digest: same.digest, tag: content.tag }] : [],
        ),
        unchanged: found.filter(({ own }) => own).map(({ service }) => service.name),
    };
}

/**
 * Plans against an earlier commit, for who may not ask a registry: what differs in content is built.
 * Where the catalog itself differs, all is: what the earlier one said is not known.
 *
 * @throws Refusal where a service's paths or arguments cannot be built
 */
export async function planSince(request: PlanRequest, earlier: string): Promise<BuildPlan> {
    const [contents, before, catalogs] = await Promise.all([
        contentsOf(request),
        contentsOf({ ...request, commit: earlier }),
        Promise.all([request.commit, earlier].map((commit) => request.commits.treeHashes(commit, ["services.yaml"]))),
    ]);
    const sameCatalog = catalogs[0]["services.yaml"] === catalogs[1]["services.yaml"];
    const changed = contents.filter(({ content }, index) => !sameCatalog || content.tag !== before[index].content.tag);
    refuseUnbuildable(request, changed);
    return {
        commit: request.commit,
        build: changed.map(({ service, content }) => build(request, service, content)),
        tag: [],
        unchanged: contents.filter((one) => !changed.includes(one)).map(({ service }) => service.name),
    };
}

type BuiltService = Service & { image: BuiltImage };

interface PlannedService {
    service: BuiltService;
    content: PlannedContent;
}

async function contentsOf(request: PlanRequest): Promise<PlannedService[]> {
    const { commits, catalog, repository, commit, platforms = defaultPlatforms } = request;
    const trees = await commits.treeHashes(commit, contentPaths(catalog, repository));
    const contents = contentPlan(catalog, repository, trees, platforms);
    // Both are sorted by the service's name.
    return builtServices(catalog, repository).map((service, index) => ({ service, content: contents[index] }));
}

function build({ platforms = defaultPlatforms }: PlanRequest, { name, image }: BuiltService, { tag }: PlannedContent): Build {
    return {
        name,
        context: image.path,
        dockerfile: posix.join(image.path, image.dockerfile),
        args: Object.entries(image.args)
            .map(([key, text]) => `${key}=${text}`)
            .join("\n"),
        // Without the dot a path such as github.com/acme would be fetched.
        contexts: Object.entries(buildContexts(image))
            .map(([key, path]) => `${key}=./${path}`)
            .join("\n"),
        platforms: platforms.join(","),
        tag,
    };
}

const defaultPlatforms = ["linux/amd64"];

function refuseUnbuildable({ commit }: PlanRequest, builds: readonly PlannedService[]): void {
    const problems: Problem[] = builds.flatMap(({ service: { name, image }, content: { missingPaths, linkedPaths } }) => [
        ...problem(
            name,
            missingPaths,
            "no such path in the commit.",
            "correct the service's source in services.yaml, or commit the path",
        ),
        ...problem(
            name,
            linkedPaths,
            "a symbolic link. What it leads to could change unnoticed, and the service would not be built.",
            "name the folder that it leads to in services.yaml",
        ),
        ...Object.entries(image.args)
            .filter(([, value]) => /[\r\n]/.test(value))
            .map(([key]) => ({
                subject: name,
                message: `build argument ${key} holds a line break, and each line becomes an argument of its own.`,
                remedy: "write it without, in services.yaml",
            })),
    ]);
    if (problems.length > 0) throw new Refusal(`Build of ${commit} refused, nothing was changed`, problems);
}

function problem(subject: string, paths: readonly string[], what: string, remedy: string): Problem[] {
    return paths.length > 0 ? [{ subject, message: `${paths.join(", ")}: ${what}`, remedy }] : [];
}
