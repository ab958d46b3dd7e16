import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OciRegistry } from "../../core/registry/client";
import type { Registry } from "../../core/registry/model";
import type { Catalog } from "../../core/settings/model";
import { type PipelineReport, type PipelineRun, runPipeline } from "../../sandbox/ci/pipeline";
import { pushAs } from "../../sandbox/ci/push";
import { writeMonorepo } from "../../sandbox/git/monorepo";
import { Repository } from "../../sandbox/git/repository";
import { RegistryFiles } from "../../sandbox/registry/files";
import { buildImage, writeImage } from "../../sandbox/registry/images";
import { openPolicy, readImagePath, type RegistryPolicy, serveRegistry } from "../../sandbox/registry/server";
import { smallCatalog } from "./ciCatalog";

export const source = "acme/shop";

/** A monorepo on a bare repository, a clone to work in, an upstream with third-party images, and the develop tier. */
export interface CiWorld {
    git: Repository;
    work: Repository;
    catalog: Catalog;
    tier: { registry: string; tier: string };
    registry: Registry;
    /** What really lies in the develop tier's registry. */
    files: RegistryFiles;
    /** Commits everything in the clone, pushes the branch that is checked out, and gives the commit. */
    push(message: string): Promise<string>;
    /** Runs the pipeline for a commit as the builder, with what differs. */
    build(commit: string, own?: Partial<PipelineRun>): Promise<PipelineReport>;
    /** What a tag of an image means in the develop tier. */
    tag(image: string, tag: string): Promise<string | undefined>;
    /** A client and a push that present this access token. */
    as(token: string): Pick<PipelineRun, "registry" | "push">;
    close(): Promise<void>;
}

const builder = "serviceAccount:builder@acme-delivery.iam.gserviceaccount.com";

const developPolicy: RegistryPolicy = {
    authenticate: (_, password) => ({ "builder-token": builder, "reader-token": "user:reader@acme.example" })[password],
    repository: (path) => {
        const at = readImagePath(path);
        return at?.project === "acme-dev" && at.repositoryId === "develop" ? { ...at, immutableTags: false } : undefined;
    },
    denied: (member, action) =>
        member === builder || (member && action === "pull") ? undefined : "artifactregistry.repositories.uploadArtifacts",
};

export async function makeCiWorld(): Promise<CiWorld> {
    const folder = await mkdtemp(join(tmpdir(), "oneflow-ci-"));
    const upstream = await serveRegistry({ directory: join(folder, "upstream"), policy: openPolicy });
    const develop = await serveRegistry({ directory: join(folder, "develop"), policy: developPolicy });
    const thirdParty = async (name: string) => {
        const image = buildImage({
            files: { [name]: { content: `${name} of a third party` } },
            platforms: ["linux/amd64", "linux/arm64"],
        });
        await writeImage(join(folder, "upstream"), `library/${name}`, image, ["1"]);
        return `${upstream.address}/library/${name}:1@${image.digest}`;
    };
    const catalog = smallCatalog({ redis: await thirdParty("redis"), busybox: await thirdParty("busybox") });
    const git = await Repository.bare(join(folder, "shop.git"), { defaultBranch: "develop" });
    const work = await Repository.clone(git, join(folder, "shop"));
    await writeMonorepo(work.directory, catalog, source);

    const tier = { registry: `${develop.address}/acme-dev`, tier: "develop" };
    const files = new RegistryFiles(join(folder, "develop"));
    const as = (token: string) => {
        const credentials = {
            for: async (host: string) =>
                host === develop.address ? { source: "the test", username: "oauth2accesstoken", password: token } : undefined,
        };
        return { registry: new OciRegistry({ credentials }), push: pushAs(credentials) };
    };
    const asBuilder = as("builder-token");
    return {
        git,
        work,
        catalog,
        tier,
        registry: asBuilder.registry,
        files,
        as,
        async push(message) {
            const commit = await work.commit(message);
            await work.push("HEAD");
            return commit;
        },
        build: (commit, own = {}) =>
            runPipeline({ git, repository: source, commit, branch: "develop", catalog, tier, ...asBuilder, ...own }),
        tag: (image, tag) => files.digest(`acme-dev/develop/${image}`, tag),
        async close() {
            await Promise.all([upstream.close(), develop.close()]);
            await rm(folder, { recursive: true });
        },
    };
}
