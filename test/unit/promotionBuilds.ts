import type { Bundle } from "../../core/registry/model";
import type { Digest } from "../../core/registry/reference";
import { imageRepository, lockRepository } from "../../core/release/addresses";
import { canonicalJson, lockArtifactType, serviceOf, type Lock, type LockedImage } from "../../core/release/lock";
import { lockGaps, serializeLock } from "../../core/release/lockDocument";
import { pullLockAsWritten, pushLock } from "../../core/release/lockStore";
import { releaseRepository } from "../../core/release/release";
import { releaseBundle } from "../../core/release/releaseDocument";
import { releaseTags } from "../../core/release/version";
import type { Catalog } from "../../core/settings/model";
import type { MemoryRegistry } from "./memoryRegistry";
import { type Chronicle, type Commit, pick } from "./promotionChronicle";
import { catalogOf, deploy, environmentOf, lockOf } from "./promotionExamples";
import type { Happening } from "./promotionHappenings";

const dev = environmentOf("dev");

/** What comes into the registry of a world by pushes, builds and releases, and what people do to it who should not. */
export class Builds {
    /** Images that never become healthy. */
    readonly broken = new Set<Digest>();

    constructor(
        private readonly past: Chronicle,
        private readonly registry: MemoryRegistry,
    ) {}

    /** A push of develop: unchanged services keep their digest and get one more tag, changed ones are built, `latest` moves. */
    async push({ changed, broken, lock: written }: Happening & { kind: "push" }): Promise<void> {
        const { past } = this;
        const touched = changed.map((index) => past.catalog[index % past.catalog.length]);
        const parent = past.commits.filter((commit) => !commit.hotfix).at(-1);
        const { sha, images } = await this.build(past.catalog, touched, parent, broken);
        const { [past.catalog[0]]: forgotten, ...rest } = images;
        const locked = { whole: images, "one missing": rest, "one too many": { ...images, ghost: forgotten } }[written];
        past.commits.push({ sha, images, replicas: past.replicas, parent: parent?.sha });
        const lock = lockOf(sha, locked, scaled(past.catalog, past.replicas));
        const { digest } = await (written === "whole"
            ? pushLock(this.registry, dev, lock, { latest: true })
            : this.pushByHand(lock));
        past.said.set(digest, locked);
    }

    /** A push of a hotfix branch that began at a release, or at any commit where there is none: one image changes. */
    async mend({ of, changed, names: named }: Happening & { kind: "hotfix" }): Promise<void> {
        const { past } = this;
        const tags = [...past.releases.keys()];
        const own = tags.length === 0 || named === "no release" ? undefined : pick(tags, of);
        const parent = own === undefined ? this.past.choose(of)! : past.commitOf(past.releases.get(own)!)!;
        const release = own !== undefined && named === "another release" ? pick(tags, of + 1) : own;
        const built = Object.keys(parent.images);
        const { sha, images } = await this.build(built, [pick(built, changed)], parent, false);
        const { replicas } = parent;
        const hotfix = { ...(release !== undefined && { release }) };
        past.commits.push({ sha, images, replicas, parent: parent.sha, hotfix });
        const lock = lockOf(sha, images, scaled(built, replicas));
        const source = { ...lock.source, branch: "hotfix" as const, ...(release !== undefined && { release }) };
        const { digest } = await pushLock(this.registry, dev, { ...lock, source });
        past.said.set(digest, images);
    }

    /** A lock as no release of oneflow writes it, or over another. */
    private pushByHand(lock: Lock) {
        const artifact = { artifactType: lockArtifactType, content: serializeLock(lock) };
        return this.registry.pushArtifact(lockRepository(dev, "acme/shop"), artifact, [lock.source.commit], { move: true });
    }

    /** A release of a commit, where its lock is whole, its images are still there, and no other release says otherwise of one. */
    async release({ sha }: Commit): Promise<void> {
        const { past, registry } = this;
        const lock = await pullLockAsWritten(registry, dev, "acme/shop", sha);
        if (!lock || Object.values(lockGaps(lock)).flat().length > 0) {
            return;
        }
        const images = Object.entries(lock.images).map(([name, image]) => ({
            from: { repository: imageRepository(dev, name), digest: image.digest },
            to: { repository: `${deploy}/${name}`, tags: "commit" in image ? [image.commit] : [] },
        }));
        const fits = ({ from, to }: (typeof images)[number]) =>
            registry.meaning(`${from.repository}@${from.digest}`) !== undefined &&
            to.tags.every((tag) => [from.digest, undefined].includes(registry.meaning(`${to.repository}:${tag}`)));
        if (!images.every(fits)) {
            return;
        }
        for (const { from, to } of images) {
            await registry.copy(from, to);
        }
        const version = `1.${past.releases.size}.0`;
        const target = { environment: "prod", cloudProject: "acme-prod", namespace: "shop-prod" };
        const release = { project: "shop", version, deploy, lock, target };
        const key = canonicalJson(release);
        const bundle = bundles.get(key) ?? releaseBundle(release);
        if (bundles.size > 300) {
            bundles.clear();
        }
        bundles.set(key, bundle);
        await registry.pushBundle(releaseRepository(deploy, "shop"), bundle, releaseTags(version));
        past.said.set(`v${version}`, lock.images);
        past.releases.set(`v${version}`, sha);
        past.tagged.set(`v${version}`, sha);
    }

    private async build(names: readonly string[], touched: readonly string[], parent: Commit | undefined, broken: boolean) {
        const sha = (this.past.commits.length + 1).toString(16).padStart(40, "a");
        const images: Record<string, LockedImage> = {};
        for (const name of names) {
            const repository = imageRepository(dev, name);
            const kept = touched.includes(name) ? undefined : parent?.images[name];
            if (kept && (await this.registry.resolve(`${repository}@${kept.digest}`))) {
                images[name] = kept;
                await this.registry.tag(repository, kept.digest, sha);
            } else {
                images[name] = { commit: sha, digest: this.registry.putImage(repository, `${name} of ${sha}`, [sha]) };
                if (broken) {
                    this.broken.add(images[name].digest);
                }
            }
        }
        return { sha, images };
    }

    /** A service, or cart's init container, is added to the checkout's services.yaml or taken out of it. */
    editCatalog(name: string): void {
        const { past } = this;
        const has = past.catalog.includes(name);
        const edited = has ? past.catalog.filter((other) => serviceOf(other) !== name && other !== name) : [...past.catalog, name];
        const sound = edited.filter((other) => edited.includes(serviceOf(other))).sort();
        past.catalog = sound.length === 0 ? past.catalog : sound;
    }

    /** Somebody pushes an image of their own over a commit's tag in `develop`, the one tier whose tags can move, or over its lock there. */
    async pushOver({ over, service, commit }: Happening & { kind: "outsider" }): Promise<void> {
        const { past, registry } = this;
        const { sha } = this.past.choose(commit)!;
        const lock = await pullLockAsWritten(registry, dev, "acme/shop", sha);
        const name = pick(Object.keys(this.past.choose(commit)!.images), service);
        const foreign = `somebody's ${name} ${past.seconds}`;
        if (over === "tag") {
            registry.putImage(imageRepository(dev, name), foreign, [sha], { move: true });
        } else if (lock?.images[name]) {
            const digest = registry.putImage(imageRepository(dev, name), foreign, []);
            const images = { ...lock.images, [name]: { ...lock.images[name], digest } };
            past.said.set((await this.pushByHand({ ...lock, images })).digest, images);
            past.meddled.add(sha);
        }
    }

    cleanUp({ service, commit }: { service: number; commit: number }): void {
        const chosen = this.past.choose(commit);
        if (chosen) {
            const name = pick(Object.keys(chosen.images), service);
            this.registry.delete(imageRepository(dev, name), chosen.images[name].digest);
        }
    }
}

/** The catalog of the images, with as many replicas as were asked for. */
export function scaled(names: readonly string[], replicas: Commit["replicas"]): Catalog {
    const { services } = catalogOf(...names);
    return {
        services: Object.fromEntries(
            Object.entries(services).map(([name, service]) => [name, { ...service, replicas: replicas[name] ?? service.replicas }]),
        ),
    };
}

/** Releases as they are written: to render one takes longer than all else that happens, and many histories make the same. */
const bundles = new Map<string, Bundle>();
