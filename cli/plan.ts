import { type UnpinnedImage, unpinnedImages } from "../core/build/baseImages";
import type { Commits } from "../core/build/commits";
import { planAgainstTier, planSince } from "../core/build/plan";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { readSource } from "./source";

/**
 * `oneflow plan`: service → build or tag, as one line of JSON for a workflow's matrix. It changes nothing.
 * On stderr a warning for each base image without a digest of what is to be built.
 *
 * With `--since <reference>` no registry is asked: what differs from that commit is built, as in a pull request's check.
 *
 * @throws Refusal for arguments, configuration, or a commit that lacks a service's paths
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { settings, first, more, ...source } = await readSource("plan", argv, ["since"]);
    const request = { ...source, catalog: settings.catalog };
    const plan =
        more.since === undefined
            ? await planAgainstTier(request, new OciRegistry(), first)
            : await planSince(request, await earlierCommit(source.commits, more.since));
    const unpinned = await unpinnedImages(
        request,
        plan.build.map(({ name }) => name),
    );
    unpinned.forEach((one) => console.error(warning(one, process.env)));
    console.log(JSON.stringify(plan));
    return 0;
}

async function earlierCommit(commits: Commits, reference: string): Promise<string> {
    const earlier = await commits.find(reference);
    if (earlier === undefined) {
        const message = "names no commit of the checkout; in a workflow it must be fetched: fetch-depth";
        throw new Refusal("Nothing was planned", [{ subject: reference, message }]);
    }
    return earlier;
}

/** One line; on GitHub in the form that puts it beside the Dockerfile. */
function warning({ file, line, image }: UnpinnedImage, { GITHUB_ACTIONS }: NodeJS.ProcessEnv): string {
    const message = `${image} is not pinned by digest: when it changes, nothing is built again. Write ${withoutDigest(image)}@$(crane digest ${image})`;
    return GITHUB_ACTIONS
        ? `::warning file=${escaped(file)},line=${line},title=Base image without a digest::${message}`
        : `warning: ${file}:${line}: ${message}`;
}

/** A file's name may hold what ends a property of GitHub's commands. */
function escaped(text: string): string {
    return text.replace(/[%:,\r\n]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

function withoutDigest(image: string): string {
    return image.split("@")[0];
}
