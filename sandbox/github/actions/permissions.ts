import type { PermissionsEntry } from "./workflowFile";

/** Scope → what a job's token may do there. A scope that is not here is refused. */
export type Permissions = Readonly<Record<string, Access>>;

export type Access = "read" | "write";

/** What a token may do where no file says: GitHub's restricted default. */
export const restrictedDefault: Permissions = { contents: "read", packages: "read" };

/** What a file gives; nothing where it says nothing. */
export function permissionsOf(entry: PermissionsEntry | null | undefined): Permissions | undefined {
    if (entry === undefined || entry === null) return undefined;
    if (entry === "read-all") return Object.fromEntries(scopes.map((scope) => [scope, "read"]));
    if (entry === "write-all") return Object.fromEntries(scopes.map((scope) => [scope, "write"]));
    if (typeof entry === "string") throw new Error(`permissions: ${entry}: expected read-all, write-all or a map`);
    return Object.fromEntries(
        Object.entries(entry).filter((scope): scope is [string, Access] => scope[1] === "read" || scope[1] === "write"),
    );
}

/** What both give. */
export function intersection(one: Permissions, other: Permissions): Permissions {
    return Object.fromEntries(
        Object.entries(one)
            .filter(([scope]) => scope in other)
            .map(([scope, access]) => [scope, access === "write" ? other[scope] : "read"]),
    );
}

/** What is asked and not given, as GitHub writes it: `id-token: write`. */
export function beyond(asked: Permissions, given: Permissions): { asked: string; given: string }[] {
    return Object.entries(asked)
        .filter(([scope, access]) => given[scope] !== access && given[scope] !== "write")
        .map(([scope, access]) => ({ asked: `${scope}: ${access}`, given: `${scope}: ${given[scope] ?? "none"}` }));
}

/** What the token of a pull request out of a fork may do at most. */
export function readOnly(permissions: Permissions): Permissions {
    return Object.fromEntries(
        Object.keys(permissions)
            .filter((scope) => scope !== "id-token")
            .map((scope) => [scope, "read"]),
    );
}

const scopes = [
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "security-events",
    "statuses",
];
