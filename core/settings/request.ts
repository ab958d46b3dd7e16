import { builtFrom, parseUnion } from "../release/union";
import { isRelease } from "../release/lock";
import { isRunTag } from "../release/addresses";
import type { Findings } from "./findings";
import type { Catalog } from "./model";
import { quoted, refuseRef } from "./ref";
import { isObject, type StackConfig } from "./stackFile";
import { orKnown, suggest } from "./suggest";

/** Judges what an environment asks for: `commit` and `pins`. Whether it may have it, the rules of promotion say. */
export function judgeRequest(
    { stack, values }: StackConfig,
    project: string,
    environment: { first: boolean; services: Catalog["services"] | undefined },
    findings: Findings,
): void {
    const commit = values.get(`${project}:commit`);
    if (commit !== undefined) {
        judgeCommit(commit, [`${project}:commit`], stack, environment, findings);
    }
    const catalogOf = values.get(`${project}:catalogOf`);
    if (catalogOf !== undefined) {
        judgeCatalogOf(catalogOf, commit, [`${project}:catalogOf`], stack, findings);
    }
    const pins = values.get(`${project}:pins`);
    if (pins !== undefined && !isObject(pins)) {
        findings.add(
            [`${project}:pins`],
            `${JSON.stringify(pins)} is not a map of service → full commit SHA`,
            `pulumi config rm pins -s ${stack} && pulumi config set --path 'pins.<service>' <sha> -s ${stack}`,
        );
    }
    for (const [service, ref] of Object.entries(isObject(pins) ? pins : {})) {
        // What that run was asked for, it was asked for with its own services.
        const services = catalogOf === undefined ? environment.services : undefined;
        judgePin(service, ref, [`${project}:pins`, service], stack, services, findings);
    }
}

/** Whether the run is there, and was asked for the same, is known only to its registry. */
function judgeCatalogOf(run: unknown, commit: unknown, path: [string], stack: string, findings: Findings): void {
    const remove = `pulumi config rm catalogOf -s ${stack}   # this checkout's services.yaml is rendered again`;
    if (!isRunTag(run)) {
        findings.add(
            path,
            `${JSON.stringify(run)} is no run; expected the tag of one that was healthy here: 20260131T235959Z-0123456789abcdef`,
            `npx oneflow rollback ${stack} --list\nor: ${remove}`,
        );
    } else if (commit === undefined || commit === "latest") {
        const message = `goes with what that run was asked for, and commit is ${commit === undefined ? "unset" : "latest, which moves"}`;
        findings.add(path, message, `npx oneflow rollback ${stack} --to ${run} --config then\nor: ${remove}`);
    }
}

function judgeCommit(
    commit: unknown,
    path: [string],
    stack: string,
    { first, services }: { first: boolean; services: Catalog["services"] | undefined },
    findings: Findings,
): void {
    if (findings.touches(path)) {
        return;
    }
    if (typeof commit !== "string") {
        findings.add(
            path,
            `${JSON.stringify(commit)} is not a commit; expected a full commit SHA or a release`,
            `pulumi config set commit <sha> -s ${stack}`,
        );
        return;
    }
    if (commit === "latest") {
        if (!first) {
            findings.add(
                path,
                `latest is for the first environment only, and ${stack} is not: what runs here is named, so that it can be told and repeated`,
                `pulumi config set commit <full sha, or a release> -s ${stack}`,
            );
        }
        return;
    }
    // An entry that is refused may name no repository.
    const repositories = builtFrom({ services: services ?? {} }).filter(Boolean);
    const union = parseUnion(commit);
    if (union && first && repositories.length > 1) {
        judgeUnion(Object.keys(union), repositories, path, stack, findings);
        return;
    }
    const refused = union ? undefined : refuseRef(commit, "commit or release");
    if (refused) {
        findings.add(path, refused.message, inCommand(refused.remedy, `pulumi config set commit`, stack));
        return;
    }
    if (isRelease(commit)) {
        return;
    }
    if (repositories.length > 1) {
        findings.add(
            path,
            `one SHA cannot name the images of ${repositories.length} repositories, ${repositories.join(", ")}; ` +
                `expected ${first ? "latest or a release" : "a release: v1.4.0"}`,
            first
                ? `pulumi config set commit latest -s ${stack}`
                : `pulumi config set commit v1.4.0 -s ${stack}   # the release that is meant`,
        );
    } else if (union) {
        findings.add(
            path,
            `${commit} names commits of repositories, and all services are built from one; expected its full commit SHA`,
            `pulumi config set commit ${Object.values(union)[0]} -s ${stack}`,
        );
    }
}

/** What `latest` was resolved to names a commit of each repository that was built; one that was not is left out. */
function judgeUnion(
    named: readonly string[],
    repositories: readonly string[],
    path: [string],
    stack: string,
    findings: Findings,
): void {
    for (const name of named.filter((one) => !repositories.includes(one))) {
        findings.add(
            path,
            `names a commit of ${name}, which no service is built from; ${orKnown(name, repositories, "repositories")}`,
            `pulumi config set commit latest -s ${stack}`,
        );
    }
}

function judgePin(
    service: string,
    ref: unknown,
    path: [string, string],
    stack: string,
    services: Catalog["services"] | undefined,
    findings: Findings,
): void {
    const key = quoted(/^[\w-]+$/.test(service) ? `pins.${service}` : `pins[${JSON.stringify(service)}]`);
    if (services && !Object.hasOwn(services, service)) {
        const names = Object.keys(services);
        const meant = suggest(service, names);
        findings.add(
            path,
            `services.yaml has no service ${service}; ${orKnown(service, names, "services")}`,
            `pulumi config rm --path ${key} -s ${stack}${meant ? ` && pulumi config set --path pins.${meant} ${String(ref)} -s ${stack}` : ""}`,
        );
    }
    if (findings.touches([...path]) && typeof ref !== "string") {
        return;
    }
    if (typeof ref !== "string") {
        findings.add(
            path,
            `${JSON.stringify(ref)} is not a full commit SHA${typeof ref === "number" ? ": quote it" : ""}`,
            `pulumi config set --path ${key} <sha> -s ${stack}`,
        );
    } else if (ref === "latest") {
        findings.add(
            path,
            "latest is no pin: a pin holds a service at one commit",
            `pulumi config set --path ${key} <full sha> -s ${stack}`,
        );
    } else {
        const refused = refuseRef(ref, "commit");
        if (refused) {
            findings.add(path, refused.message, inCommand(refused.remedy, `pulumi config set --path ${key}`, stack));
        }
    }
}

/** The whole command that mends a ref, from the part of it that is known. */
function inCommand(remedy: string | undefined, command: string, stack: string): string {
    const value = remedy === undefined ? "<full sha>" : remedy.startsWith("write ") ? remedy.slice(6) : `"$(${remedy})"`;
    return `${command} ${value} -s ${stack}`;
}
