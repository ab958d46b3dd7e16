import { commitsIn } from "../../core/build/commits";
import { planAgainstTier } from "../../core/build/plan";
import { imageRepository } from "../../core/release/addresses";
import type { BuiltImage, Catalog, Service } from "../../core/settings/model";
import { run } from "../../sandbox/toolchain/run";
import { service as defaulted } from "../components/settings";
import { MemoryRegistry } from "../unit/memoryRegistry";
import { type HistoryCommit, makeHistory } from "./gitHistory";

/** A commit of a team's history: what each service's folder held. */
export interface PastCommit {
    /** ISO 8601. */
    date: string;
    /** Service → hash of its folder; a service that did not exist is not in it. */
    content: Readonly<Record<string, string>>;
}

/** What pushes a team made of its history. */
export interface Pushes {
    /** In words, for a reader. */
    what: string;
    /** Whether the commit is the newest of a push. @default every one is */
    pushed?(commit: PastCommit, next: PastCommit | undefined): boolean;
    /** Whether the builds of a push fail, counted from 1. @default none does */
    fails?(push: number): boolean;
    /** Whether develop is merged into main after this push, which is a push to main. @default never */
    merged?(commit: PastCommit, next: PastCommit | undefined): boolean;
}

/** What a way of deciding did in all pushes. */
export interface Decided {
    /** Images that were built. */
    built: number;
    /** Those of them whose content had an image already. */
    needless: number;
    /** Times that a service had another content than the image it was left with. */
    wrong: number;
}

/** The decisions of each way over the same pushes. */
export interface Compared {
    what: string;
    pushes: number;
    /** Services of all pushes together. */
    images: number;
    ways: Readonly<Record<Way, Decided>>;
    /** Seconds of one plan, without the time of a registry. */
    planSeconds: number;
}

/** Each way that is compared, in words. */
export const ways = {
    always: "always build",
    parent: "path filter, the head against its first parent",
    before: "path filter, the head against the branch before the push",
    content: "content plan",
} as const;
export type Way = keyof typeof ways;

/** Where a service's folder is: Online Boutique's cartservice lies one deeper. */
export function folderOf(service: string): string {
    return service === "cartservice" ? "src/cartservice/src" : `src/${service}`;
}

/** Reads the table of a history: commit, date, tag, then a column for each service with `-` where it did not exist. */
export function readHistory(table: string): PastCommit[] {
    const [head, ...rows] = table.trimEnd().split("\n");
    const [, , , ...services] = head.split("\t");
    return rows.map((row) => {
        const [, date, , ...hashes] = row.split("\t");
        return {
            date,
            content: Object.fromEntries(services.flatMap((name, at) => (hashes[at] === "-" ? [] : [[name, hashes[at]]]))),
        };
    });
}

/**
 * Makes a git repository of the history, pushes it in one of the ways that teams push, and lets every way of deciding decide about
 * every push. The content plan is oneflow's own, on that repository and a registry in memory.
 */
export async function comparePlans(root: string, history: readonly PastCommit[], pushes: Pushes): Promise<Compared> {
    const { commits, heads } = arranged(history, pushes);
    const made = await makeHistory(root, commits);
    const changed = await changedFiles(root, commits, heads, made);
    const registry = new MemoryRegistry();
    const checkout = commitsIn(root);
    const ran = Object.fromEntries(Object.keys(ways).map((way) => [way, new Past()])) as Record<Way, Past>;
    let seconds = 0;
    for (const [push, { at, branch }] of heads.entries()) {
        const { content } = commits[at];
        const catalog = catalogOf(Object.keys(content));
        const started = process.hrtime.bigint();
        const plan = await planAgainstTier({ commits: checkout, catalog, repository, commit: made[at] }, registry, tier);
        seconds += Number(process.hrtime.bigint() - started) / 1e9;
        const fails = pushes.fails?.(push + 1) ?? false;
        const touched = (files: readonly string[]) => (name: string) => files.some((file) => file.startsWith(`${folderOf(name)}/`));
        const names = Object.keys(content);
        const chosen: Record<Way, string[]> = {
            always: names,
            parent: names.filter(touched(changed[push].parent)),
            before: names.filter(touched(changed[push].before)),
            content: plan.build.map(({ name }) => name),
        };
        for (const way of Object.keys(ways) as Way[]) {
            const carried = way === "content" ? [...plan.tag.map(({ name }) => name), ...plan.unchanged] : [];
            ran[way].push(branch, content, { built: chosen[way], carried, fails });
        }
        if (fails) continue;
        for (const { name, tag } of plan.build)
            registry.putImage(imageRepository(tier, name), `${name} ${content[name]}`, [tag, made[at]]);
        for (const { name, digest } of plan.tag) await registry.tag(imageRepository(tier, name), digest, made[at]);
    }
    return {
        what: pushes.what,
        pushes: heads.length,
        images: heads.reduce((sum, { at }) => sum + Object.keys(commits[at].content).length, 0),
        ways: Object.fromEntries(Object.entries(ran).map(([way, { decided }]) => [way, decided])) as Record<Way, Decided>,
        planSeconds: seconds / heads.length,
    };
}

const repository = "acme/shop";
const tier = { registry: "registry.example/acme", tier: "develop" };

/** What one way of deciding left behind, push after push. */
class Past {
    readonly decided: Decided = { built: 0, needless: 0, wrong: 0 };
    private readonly images = new Set<string>();
    /** Branch and service → the content of the image that it is left with. */
    private readonly left = new Map<string, string>();

    push(
        branch: string,
        content: PastCommit["content"],
        { built, carried, fails }: { built: readonly string[]; carried: readonly string[]; fails: boolean },
    ): void {
        this.decided.built += built.length;
        this.decided.needless += built.filter((name) => this.images.has(`${name} ${content[name]}`)).length;
        if (fails) return;
        for (const name of [...built, ...carried]) {
            this.images.add(`${name} ${content[name]}`);
            this.left.set(`${branch} ${name}`, content[name]);
        }
        this.decided.wrong += Object.keys(content).filter((name) => this.left.get(`${branch} ${name}`) !== content[name]).length;
    }
}

interface Head {
    /** Position of the commit. */
    at: number;
    branch: string;
    /** Position of the head that the branch had before. Absent: it had none. */
    before?: number;
}

/** The commits of develop, with a merge into main where the team made one, and which of them were pushed. */
function arranged(history: readonly PastCommit[], { pushed = () => true, merged }: Pushes): { commits: Arranged[]; heads: Head[] } {
    const commits: Arranged[] = [];
    const heads: Head[] = [];
    const newest: Record<string, number> = {};
    const before: Record<string, number> = {};
    const add = (branch: string, past: PastCommit, parents: number[]) => {
        const files = Object.fromEntries(Object.entries(past.content).map(([name, hash]) => [`${folderOf(name)}/code`, hash]));
        // Equal commits of two branches would be one: main's merges have a message of their own.
        newest[branch] = commits.push({ ...past, files, branch, parents, message: `To ${branch}` }) - 1;
    };
    const push = (branch: string) => {
        heads.push({ at: newest[branch], branch, ...(branch in before && { before: before[branch] }) });
        before[branch] = newest[branch];
    };
    history.forEach((past, index) => {
        const next = history[index + 1];
        add("develop", past, index === 0 ? [] : [newest.develop]);
        if (!pushed(past, next)) return;
        push("develop");
        if (!merged) return;
        if (!("main" in newest)) {
            // Main starts where develop did.
            newest.main = newest.develop;
            push("main");
        } else if (merged(past, next)) {
            add("main", past, [newest.main, newest.develop]);
            push("main");
        }
    });
    return { commits, heads };
}

interface Arranged extends HistoryCommit, PastCommit {
    date: string;
    parents: number[];
}

/** The files that a path filter sees, for each push: since the head's first parent, and since the branch's head before it. */
async function changedFiles(
    directory: string,
    commits: readonly Arranged[],
    heads: readonly Head[],
    made: readonly string[],
): Promise<{ parent: string[]; before: string[] }[]> {
    const listed = await run("git", ["-C", directory, "log", "--all", "--format=%H %T"]);
    const trees = new Map(listed.split("\n").map((line) => line.split(" ") as [string, string]));
    const pair = (at: number, from: number | undefined) => [
        from === undefined ? emptyTree : trees.get(made[from])!,
        trees.get(made[at])!,
    ];
    const pairs = heads.map(({ at, before }) => ({ parent: pair(at, commits[at].parents[0]), before: pair(at, before) }));
    const differences = new Map<string, string[]>();
    for (const [from, to] of pairs.flatMap(({ parent, before }) => [parent, before])) {
        const key = `${from} ${to}`;
        if (differences.has(key)) continue;
        const said = from === to ? "" : await run("git", ["-C", directory, "diff-tree", "-r", "--name-only", from, to]);
        differences.set(key, said.split("\n").filter(Boolean));
    }
    return pairs.map(({ parent, before }) => ({
        parent: differences.get(parent.join(" "))!,
        before: differences.get(before.join(" "))!,
    }));
}

/** Git's hash of a folder with nothing in it. */
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

function catalogOf(names: readonly string[]): Catalog {
    const service = (name: string): Service => {
        const one = defaulted(name);
        return { ...one, image: { ...(one.image as BuiltImage), path: folderOf(name) } };
    };
    return { services: Object.fromEntries(names.map((name) => [name, service(name)])) };
}
