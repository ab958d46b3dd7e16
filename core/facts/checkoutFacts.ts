import type { Checkout, Commits } from "../build/commits";
import type { CheckoutFact, HotfixFact, PromotionFacts, PromotionRequest } from "../promotion/model";
import type { Proposal } from "../promotion/proposal";
import { settingsThatDiffer } from "../promotion/settingsDiffer";
import { refsOf } from "./lockFacts";

/** What is asked of a checkout's git. */
export type CheckoutGit = Pick<Checkout, "find" | "isAncestor" | "isShallow">;

/** How the hotfixes among the refs stand to the releases that their locks name, as far as the checkout has both. */
export async function readHotfixes(
    commits: Pick<Commits, "find" | "isAncestor">,
    request: PromotionRequest,
    locks: PromotionFacts["locks"],
): Promise<PromotionFacts["hotfixes"]> {
    const hotfixes = refsOf(request).filter((ref) => locks[ref]?.source.branch === "hotfix");
    const read = async (ref: string): Promise<HotfixFact> => {
        const { release, commit } = locks[ref]!.source;
        const [mended, own] = await Promise.all([release && commits.find(`refs/tags/${release}`), commits.find(commit)]);
        return mended && own ? { descends: await commits.isAncestor(mended, own) } : {};
    };
    return Object.fromEntries(await Promise.all(hotfixes.map(async (ref) => [ref, await read(ref)] as const)));
}

/** What the checkout knows of the refs' commits, as far as they are of its own repository. It is asked only where an answer matters. */
export async function readCheckout(
    commits: CheckoutGit,
    repository: string,
    request: PromotionRequest,
    locks: PromotionFacts["locks"],
    proposal: Proposal,
): Promise<PromotionFacts["checkout"]> {
    const differing = new Set(request.before ? settingsThatDiffer(request, { locks }, proposal).map(({ ref }) => ref) : []);
    const known = refsOf(request).filter(
        (ref) =>
            locks[ref]?.source.repository.toLowerCase() === repository.toLowerCase() &&
            (differing.has(ref) || ref === request.release),
    );
    if (known.length === 0 || proposal.transitions.length === 0 || (await commits.find("HEAD")) === undefined) {
        return {};
    }
    const contains = async (commit: string): Promise<boolean | undefined> => {
        const own = await commits.find(commit);
        const found = own !== undefined && (await commits.isAncestor(own, "HEAD"));
        return found || !(await commits.isShallow()) ? found : undefined;
    };
    const read = async (ref: string): Promise<CheckoutFact> => {
        const [contained, tagged] = await Promise.all([
            differing.has(ref) ? contains(locks[ref]!.source.commit) : undefined,
            ref === request.release ? commits.find(`refs/tags/${ref}`) : undefined,
        ]);
        return { ...(contained !== undefined && { contains: contained }), ...(tagged !== undefined && { tagged }) };
    };
    return Object.fromEntries(await Promise.all(known.map(async (ref) => [ref, await read(ref)] as const)));
}
