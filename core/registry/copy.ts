import type { Blobs } from "./blobs";
import type { Piece } from "./contents";
import { Gate } from "./gate";
import type { Manifests, Repository } from "./manifests";
import type { CopyReport, Manifest } from "./model";
import type { Digest } from "./reference";

/** Blobs that one copy brings over at a time: each may hold two connections. */
const transfers = 8;

/** Brings a manifest and all that it refers to into another repository: children first, tags last. */
export async function copyImage(
    manifests: Manifests,
    blobs: Blobs,
    source: Repository & { digest: Digest },
    target: Repository,
    tags: readonly string[],
): Promise<CopyReport> {
    const { digest } = source;
    // Before anything is sent: a tag that means another digest refuses the whole copy.
    const unset = await manifests.unset(target, digest, tags);
    // A tag that means the digest is proof enough that its manifest stands there.
    const isThere = unset.length < new Set(tags).size || (await manifests.resolve(target, digest, "push")) !== undefined;
    const report: CopyReport = { digest, uploadedBytes: 0, mountedBlobs: 0, unchanged: isThere && unset.length === 0 };
    if (report.unchanged) {
        return report;
    }

    const gate = new Gate(transfers);
    // Platforms share layers: each is brought over once.
    const brought = new Map<Digest, Promise<void>>();
    const once = (piece: Piece, bring: () => Promise<void>) => {
        const work = brought.get(piece.digest) ?? bring();
        brought.set(piece.digest, work);
        return work;
    };
    const bringBlob = async (piece: Piece) => {
        const placed = await blobs.place(piece, source, target);
        report.uploadedBytes += placed.how === "uploaded" ? placed.bytes : 0;
        report.mountedBlobs += placed.how === "mounted" ? 1 : 0;
    };
    const bringManifest = async (child: Piece) => {
        if (!(await manifests.resolve(target, child.digest, "push"))) {
            const manifest = await manifests.require(source, child.digest);
            await bringContents(manifest);
            await manifests.put(target, manifest, child.digest);
        }
    };
    const bringContents = async (manifest: Manifest): Promise<void> => {
        const { manifests: children, blobs: pieces } = manifests.contents(source, manifest);
        await allSettled([
            ...children.map((child) => once(child, () => bringManifest(child))),
            ...pieces.map((piece) => once(piece, () => gate.pass(() => bringBlob(piece)))),
        ]);
    };

    const manifest = await (isThere ? manifests.require(target, digest, "push") : manifests.require(source, digest));
    if (!isThere) {
        await bringContents(manifest);
    }
    // Under its first tag a manifest stands under its digest too.
    const [first = digest, ...others] = unset;
    await manifests.put(target, manifest, first);
    await allSettled(others.map((tag) => manifests.put(target, manifest, tag)));
    return report;
}

/** Like `Promise.all`, but nothing goes on behind the caller's back when one fails. */
async function allSettled(work: readonly Promise<void>[]): Promise<void> {
    const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
    if (failed) {
        throw failed.reason;
    }
}
