import { planAgainstTier, planSince } from "../core/build/plan";
import { Refusal } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import { readSource } from "./source";

/**
 * `oneflow plan`: service → build or tag, as one line of JSON for a workflow's matrix. It changes nothing.
 *
 * With `--since <reference>` no registry is asked: what differs from that commit is built, as in a pull request's check.
 *
 * @throws Refusal for arguments, configuration, or a commit that lacks a service's paths
 */
export async function main(argv: readonly string[]): Promise<number> {
    const { settings, first, more, ...source } = await readSource("plan", argv, ["since"]);
    const request = { ...source, catalog: settings.catalog };
    if (more.since === undefined) {
        console.log(JSON.stringify(await planAgainstTier(request, new OciRegistry(), first)));
        return 0;
    }
    const earlier = await source.commits.find(more.since);
    if (earlier === undefined) {
        const message = "names no commit of the checkout; in a workflow it must be fetched: fetch-depth";
        throw new Refusal("Nothing was planned", [{ subject: more.since, message }]);
    }
    console.log(JSON.stringify(await planSince(request, earlier)));
    return 0;
}
