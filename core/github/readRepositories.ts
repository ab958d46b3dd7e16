import { dirname } from "node:path";
import { Refusal } from "../refusal";
import type { Settings } from "../settings/model";
import { workflowFiles } from "../workflows/documents/files";
import { marker } from "../workflows/render";
import type { GithubClient } from "./client";
import { overLimits, type Standing } from "./limits";
import { deliveryBranches, repositoryPlans, type RepositoryPlan } from "./repositories";
import { difference, isEmpty, proposalBranch, type Difference, type HeldFiles, type Texts } from "./workflowFiles";

type Shared = Pick<Settings, "catalog" | "delivery" | "environments">;

/** A repository as it is and as it is to be. */
export interface FoundRepository extends RepositoryPlan {
    standing: Standing;
    /** Its workflow files. */
    texts: Texts;
    branches: readonly FoundBranch[];
    /** Branches that it lacks, and that something does not run without. */
    missingBranches: readonly string[];
}

export interface FoundBranch {
    branch: string;
    /** How it differs from what the settings make. */
    difference: Difference;
    /** Address of the open pull request that would change all of it. Absent: there is none. */
    proposed?: string;
}

/**
 * Reads what the repositories hold, before any resource: what a run will write is known in its preview.
 *
 * @throws Refusal where a repository is not there, or the settings ask for more than GitHub gives it
 */
export async function readRepositories(settings: Shared, github: GithubClient): Promise<FoundRepository[]> {
    const plans = repositoryPlans(settings);
    const standings = await Promise.all(plans.map(({ repository }) => readStanding(repository, github)));
    const problems = overLimits(plans, Object.fromEntries(plans.map(({ repository }, index) => [repository, standings[index]])));
    if (problems.length > 0) {
        throw new Refusal("GitHub would refuse this, nothing was changed", problems);
    }
    const texts = workflowFiles(settings);
    return Promise.all(
        plans.map(async (plan, index) => {
            const { needed, further } = deliveryBranches(plan.repository, settings);
            const named = [...needed, ...further];
            const found = await Promise.all(
                named.map((branch) => readBranch(plan.repository, branch, texts[plan.repository], github)),
            );
            return {
                ...plan,
                standing: standings[index],
                texts: texts[plan.repository],
                branches: found.flatMap((branch) => branch ?? []),
                missingBranches: needed.filter((_, place) => found[place] === undefined),
            };
        }),
    );
}

async function readStanding(repository: string, github: GithubClient): Promise<Standing> {
    const found = await github.get<{ private: boolean; owner: { login: string; type: string } }>(`/repos/${repository}`);
    if (!found) {
        throw new Refusal("GitHub has no such repository, nothing was changed", [
            {
                subject: repository,
                message: "does not exist, or the token in GITHUB_TOKEN may not see it",
                remedy: `gh repo view ${repository}   # as whoever the token stands for`,
            },
        ]);
    }
    const { login, type } = found.owner;
    const organization = type === "Organization";
    const owner = await github.get<{ login: string; plan?: { name: string } }>(organization ? `/orgs/${login}` : "/user");
    // Of another person's account the token may not see the plan.
    const plan = owner?.login === login ? owner.plan?.name : undefined;
    return { private: found.private, owner: organization ? "organization" : "user", ...(plan && { plan }) };
}

async function readBranch(
    repository: string,
    branch: string,
    texts: Texts,
    github: GithubClient,
): Promise<FoundBranch | undefined> {
    if (!(await github.get(`/repos/${repository}/git/ref/heads/${branch}`))) {
        return undefined;
    }
    const lacks = difference(texts, await heldFiles(repository, branch, texts, github));
    const proposed = isEmpty(lacks) ? undefined : await openProposal(repository, branch, texts, github);
    return { branch, difference: lacks, ...(proposed && { proposed }) };
}

async function openProposal(repository: string, branch: string, texts: Texts, github: GithubClient): Promise<string | undefined> {
    const head = proposalBranch(branch);
    const query = new URLSearchParams({ state: "open", head: `${repository.split("/")[0]}:${head}`, base: branch });
    const [open] = (await github.get<{ html_url: string }[]>(`/repos/${repository}/pulls?${query}`)) ?? [];
    return open && isEmpty(difference(texts, await heldFiles(repository, head, texts, github))) ? open.html_url : undefined;
}

interface Entry {
    path: string;
    type: string;
    sha: string;
}

/** Folders are listed, not files fetched: git's hash says whether a file is the same. */
async function heldFiles(repository: string, branch: string, texts: Texts, github: GithubClient): Promise<HeldFiles> {
    const at = new URLSearchParams({ ref: branch }).toString();
    const folders = [...new Set(Object.keys(texts).map((path) => dirname(path)))];
    const entries = (
        await Promise.all(folders.map((folder) => github.get<Entry[]>(`/repos/${repository}/contents/${folder}?${at}`)))
    ).flatMap((listed) => (listed ?? []).filter(({ type }) => type === "file"));
    const unknown = entries.filter(({ path }) => texts[path] === undefined && ownNames.test(path));
    const stale = await Promise.all(
        unknown.map(async ({ path }) => {
            const file = await github.get<{ content: string }>(`/repos/${repository}/contents/${path}?${at}`);
            return file && Buffer.from(file.content, "base64").toString().startsWith(`# ${marker[0]}`) ? path : [];
        }),
    );
    return { files: Object.fromEntries(entries.map(({ path, sha }) => [path, sha])), stale: stale.flat() };
}

/** What oneflow calls its files: only such a one is opened to see whether it is one. */
const ownNames = /\/(oneflow-|deploy-|promote-|drift)[^/]*\.yml$/;
