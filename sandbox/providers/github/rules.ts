import type { Cloud, Repository } from "../cloud";

/** Somebody's wish to change a reference of a repository. */
export interface ReferenceChange {
    /** `refs/heads/main` */
    reference: string;
    /** `forcedUpdate`: to a commit that does not come after the one before. */
    what: "creation" | "update" | "forcedUpdate" | "deletion";
    /** Their role in the repository. @default - none that a ruleset could leave free */
    role?: "administrator";
    /** Numbers of their teams. @default none */
    teams?: readonly number[];
    /** Whether a merged pull request is what changes it. @default false: a push */
    pullRequest?: boolean;
}

interface RulesetRecord {
    name: string;
    target: string;
    enforcement: string;
    conditions?: { refName?: { includes?: string[]; excludes?: string[] } };
    rules: { creation?: boolean; update?: boolean; deletion?: boolean; nonFastForward?: boolean; pullRequest?: object };
    bypassActors?: { actorType: string; actorId?: number; bypassMode: string }[];
}

/** What GitHub's API answers where a repository's rulesets forbid the change. Nothing where they let it. */
export function ruleViolation(cloud: Cloud, repository: Repository, change: ReferenceChange): string | undefined {
    const messages = brokenRules(cloud, repository, change);
    return messages.length > 0 ? `Repository rule violations found\n\n${messages.join("\n")}` : undefined;
}

/** What GitHub says of each rule of a repository's rulesets that forbids the change. */
export function brokenRules(cloud: Cloud, { fullName }: Repository, change: ReferenceChange): string[] {
    return cloud.store
        .all<RulesetRecord>(`github/${fullName}/rulesets`)
        .filter((ruleset) => ruleset.enforcement === "active" && isAbout(ruleset, change.reference) && !isFree(ruleset, change))
        .flatMap(({ rules }) => broken(rules, change));
}

function broken(rules: RulesetRecord["rules"], { reference, what, pullRequest = false }: ReferenceChange): string[] {
    const updates = what === "update" || what === "forcedUpdate";
    return [
        ...(rules.creation && what === "creation" ? ["Cannot create ref due to creations being restricted."] : []),
        ...(rules.update && updates ? ["Cannot update this protected ref."] : []),
        ...(rules.deletion && what === "deletion" ? ["Cannot delete this protected ref."] : []),
        ...(rules.nonFastForward && what === "forcedUpdate" ? ["Cannot force-push to this protected ref."] : []),
        ...(rules.pullRequest && updates && !pullRequest && reference.startsWith("refs/heads/")
            ? ["Changes must be made through a pull request."]
            : []),
    ];
}

function isAbout({ target, conditions }: RulesetRecord, reference: string): boolean {
    const folder = target === "tag" ? "refs/tags/" : "refs/heads/";
    const { includes = [], excludes = [] } = conditions?.refName ?? {};
    const matches = (patterns: readonly string[]) => patterns.some((one) => one === "~ALL" || pattern(one).test(reference));
    return reference.startsWith(folder) && matches(includes) && !matches(excludes);
}

/** File name patterns of Ruby's `fnmatch` with folders told apart: `**` with a slash behind it takes any number of them. */
function pattern(text: string): RegExp {
    const parts = text.split(/(\*\*\/|\*+|\?)/).map((part) => {
        if (part === "**/") return "(?:[^/]+/)*";
        if (part === "?") return "[^/]";
        return /^\*+$/.test(part) ? "[^/]*" : part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    });
    return new RegExp(`^${parts.join("")}$`);
}

/** Whether the ruleset leaves them free. GitHub's role 5 is `admin`. */
function isFree({ bypassActors = [] }: RulesetRecord, { role, teams = [], pullRequest = false }: ReferenceChange): boolean {
    return bypassActors.some(({ actorType, actorId, bypassMode }) => {
        const meant =
            actorType === "Team" ? teams.includes(actorId!) : actorType === "RepositoryRole" && actorId === 5 && role !== undefined;
        return meant && (bypassMode !== "pull_request" || pullRequest);
    });
}
