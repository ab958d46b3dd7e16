import { moveLatest } from "../core/build/latest";
import { historyOf, mendedRelease } from "../core/build/history";
import { lockCommit } from "../core/build/lock";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { branchKind, builtBranches } from "../core/workflows/branches";
import { readSource } from "./source";

/**
 * `oneflow lock`: the last step of a build. Puts the commit's lock, and on develop lets `latest` mean it.
 * Whoever runs it sees that no two of them run at once: a workflow by its concurrency group.
 *
 * @throws Refusal where an image is missing, or the branch is none that is built
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { settings, first, more, ...source } = await readSource("lock", argv, ["branch"]);
    const branch = branchKind(more.branch ?? "");
    if (!branch) {
        const message = `is ${JSON.stringify(more.branch ?? "")}, which is not built; expected ${Object.keys(builtBranches).join(", ")}`;
        throw new Refusal("Nothing was locked", [{ subject: "--branch", message }]);
    }
    const registry = new OciRegistry();
    const mended = branch === "hotfix" ? await mendedRelease(historyOf(source.directory), source.commit) : undefined;
    const mends = mended === undefined ? {} : { mends: `v${mended.version}` };
    const { lock, outcome } = await lockCommit({ ...source, ...mends, registry, tier: first, catalog: settings.catalog, branch });
    console.log(`lock of ${source.commit} ${outcome}`);
    if (branch === "develop") console.log(`latest ${await moveLatest(source.commits, registry, first, lock)}`);
    return 0;
}
