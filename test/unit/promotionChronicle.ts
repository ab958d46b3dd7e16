import type { Plan } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import { canonicalJson, serviceOf, type ImageSet, type LockedImage } from "../../core/release/lock";
import type { Environment } from "../../core/settings/model";
import type { EnvironmentName, House } from "./promotionHappenings";
import { environmentOf } from "./promotionExamples";

/** A push, and what was built of it. */
export interface Commit {
    sha: string;
    images: Readonly<Record<string, LockedImage>>;
    /** Service → how many replicas its services.yaml asked for, where it was edited. */
    replicas: Readonly<Record<string, number>>;
    /** SHA of the commit before. Absent: the first. */
    parent?: string;
    hotfix?: { release?: string };
}

/** A healthy deployment that was recorded. */
export interface Run {
    set: ImageSet;
    images: Readonly<Record<string, LockedImage>>;
    request: Plan["request"];
    /** Image name → the release that it came with. */
    releases: Readonly<Record<string, string>>;
    /** Seconds since the epoch. */
    at: number;
}

export const beforeOf: Readonly<Record<EnvironmentName, EnvironmentName | undefined>> = {
    dev: undefined,
    stage: "dev",
    prod: "stage",
};

/** What really happened in a world, kept by those whom it happened to: laws and foresight read this, and no rule. */
export class Chronicle {
    /** Commits in the order of their pushes. */
    readonly commits: Commit[] = [];
    /** Release → the commit that its git tag names. */
    readonly tagged = new Map<string, string>();
    /** Release → the commit that it was made of. */
    readonly releases = new Map<string, string>();
    /** Digest of a lock, or a release → the images that it says. */
    readonly said = new Map<string, Commit["images"]>();
    /** Commits whose lock somebody pushed over: what they mean, nobody knows. */
    readonly meddled = new Set<string>();
    readonly environments: Readonly<Record<EnvironmentName, Environment>>;
    /** The images of the checkout's services.yaml. */
    catalog: readonly string[] = ["cart", "checkout", "frontend"];
    /** How many replicas the checkout's services.yaml asks for, where it was edited. */
    replicas: Readonly<Record<string, number>> = {};
    /** What the newest healthy deployment was asked for. */
    readonly deployed: Partial<Record<EnvironmentName, Plan["request"]>> = {};
    readonly running: Record<EnvironmentName, Readonly<Record<string, Digest>>> = { dev: {}, stage: {}, prod: {} };
    /** Every set that was healthy, oldest first. */
    readonly healthy: Readonly<Record<EnvironmentName, ImageSet[]>> = { dev: [], stage: [], prod: [] };
    readonly recorded: Readonly<Record<EnvironmentName, Run[]>> = { dev: [], stage: [], prod: [] };
    /** Sets that were healthy, and whose record broke off before it was listed. */
    readonly brokenOff: Readonly<Record<EnvironmentName, ImageSet[]>> = { dev: [], stage: [], prod: [] };
    /** The clock, in seconds since the epoch. */
    seconds: number;

    constructor(readonly house: House) {
        this.seconds = Date.parse(house.begins) / 1000;
        const chosen = (name: EnvironmentName): Environment => ({
            ...environmentOf(name),
            ...(house.soakMinutes > 0 && name !== "dev" && { soakSeconds: house.soakMinutes * 60 }),
            ...(house.hotfixes && name === "stage" && { hotfixes: true }),
            ...(house.frozen?.environment === name && { freeze: [...house.frozen.windows] }),
            ...(house.releases.includes(name) && { accepts: "releases" as const }),
        });
        this.environments = { dev: chosen("dev"), stage: chosen("stage"), prod: chosen("prod") };
    }

    commitOf(sha: string): Commit | undefined {
        return this.commits.find((commit) => commit.sha === sha);
    }

    /** A commit and those before it. */
    ancestry(sha: string): string[] {
        const found = this.commitOf(sha);
        return found ? [sha, ...(found.parent === undefined ? [] : this.ancestry(found.parent))] : [];
    }

    /** Some commit; nothing before the first push. */
    choose(index: number): Commit | undefined {
        return this.commits.length === 0 ? undefined : pick(this.commits, index);
    }

    /** The newest commit of develop, which the branch that deployments run from contains. */
    head(): string {
        return this.commits.filter(({ hotfix }) => !hotfix).at(-1)!.sha;
    }

    /** Whether a set, or more, was healthy in an environment before. */
    ranHere(environment: EnvironmentName, set: ImageSet): boolean {
        return this.healthy[environment].some((other) => contains(other, set));
    }

    /** The hotfix that a request takes an image from. */
    hotfixAt({ commit, pins }: Plan["request"], name: string): { sha: string; release?: string } | undefined {
        const found = this.commitOf(pins[serviceOf(name)] ?? commit);
        return found?.hotfix && { sha: found.sha, ...found.hotfix };
    }
}

export function contains(set: ImageSet, part: ImageSet): boolean {
    return Object.entries(part).every(([name, digest]) => set[name] === digest);
}

export function sameSet(one: ImageSet, other: ImageSet): boolean {
    return canonicalJson(one) === canonicalJson(other);
}

export function digests(images: Readonly<Record<string, LockedImage>>): Record<string, Digest> {
    return Object.fromEntries(Object.entries(images).map(([name, { digest }]) => [name, digest]));
}

/** One of them, whatever the number. */
export function pick<Item>(items: readonly Item[], index: number): Item {
    return items[index % items.length];
}
