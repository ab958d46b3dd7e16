import type { Problem } from "../../refusal";
import type { Service } from "../../settings/model";
import { at, objectName, type SourceObject, treeAt } from "../import/objects";
import { templateOf } from "../import/kustomization";
import { podSelector } from "../labels";
import { renderDefaultDeny } from "../networkPolicy";
import { renderService } from "../workload";
import { problemIn } from "./problem";
import { bringsManifests } from "./bringingService";
import { renderBrought } from "./render";

/** The objects that services bring: service → objects with their files. */
export type BroughtSources = ReadonlyMap<string, readonly SourceObject[]>;

/**
 * Refuses brought objects that would be another object: one that oneflow makes for a service or for all, or that another service
 * brings too. Refuses pods that would answer another service's requests.
 *
 * @param services all that are sound
 */
export function refuseConflicts(services: readonly Service[], brought: BroughtSources): Problem[] {
    const owners = ownObjects(services);
    const problems: Problem[] = [];
    for (const [service, sources] of brought) {
        for (const source of sources) {
            const key = objectName(source);
            const owner = owners.get(key);
            if (owner !== undefined) {
                problems.push(problemIn(source, [], `${key} is ${owner} already`, "rename one of the two, and what refers to it"));
            } else {
                owners.set(key, `what ${service} brings in ${source.file}`);
            }
            problems.push(...refuseOthersLabels(source, service, services));
        }
    }
    return problems;
}

/** What oneflow makes itself in any environment: `Kind/name` → whose it is. */
function ownObjects(services: readonly Service[]): Map<string, string> {
    const byName = Object.fromEntries(services.map((service) => [service.name, service]));
    const everywhere = { namespace: "", partOf: "", cloudProject: "", services: byName, image: () => "" };
    const environments = [...new Set(["", ...services.flatMap((service) => Object.keys(service.environments))])];
    const made = services.flatMap((service) =>
        environments.flatMap((environment) => {
            const context = { ...everywhere, environment };
            const objects = bringsManifests(service)
                ? [renderBrought(service, context).networkPolicy]
                : Object.values(renderService(service, context)).flat();
            return objects.map(({ kind, metadata }): [string, string] => [
                `${kind}/${metadata.name}`,
                `an object that oneflow makes for ${service.name}`,
            ]);
        }),
    );
    const { kind, metadata } = renderDefaultDeny({ environment: "", namespace: "", partOf: "" });
    return new Map([...made, [`${kind}/${metadata.name}`, "the object by which oneflow denies what no service allows"]]);
}

function refuseOthersLabels(source: SourceObject, service: string, services: readonly Service[]): Problem[] {
    const template = templateOf(source.value);
    if (!template) {
        return [];
    }
    const labels = treeAt(source.value, ...template, "metadata", "labels");
    const others = services.filter((other) => other.name !== service && !bringsManifests(other) && other.ports.length > 0);
    return others
        .filter(({ name }) => Object.entries(podSelector(name)).every(([key, value]) => at(labels, key) === value))
        .map(({ name }) => {
            const [[key, value]] = Object.entries(podSelector(name));
            const message = `${key}: ${value} is how the Service ${name} finds its pods: these would answer its requests`;
            return problemIn(source, [...template, "metadata", "labels", key], message, "write another value");
        });
}

/** Refuses objects that name a namespace which is not that of every environment. */
export function refuseNamespaces(brought: BroughtSources, environments: readonly { name: string; namespace: string }[]): Problem[] {
    return [...brought.values()].flat().flatMap((source) => {
        const { namespace } = source;
        const others = environments.filter((environment) => namespace !== undefined && environment.namespace !== namespace);
        if (others.length === 0) {
            return [];
        }
        const where = others.map((environment) => `${environment.name} deploys to ${environment.namespace}`).join(", ");
        return [problemIn(source, ["metadata", "namespace"], `${namespace}, and ${where}`, "delete the line: it is filled in")];
    });
}
