import type { Findings } from "./findings";
import type { Service } from "./model";
import { orKnown } from "./suggest";

/** Refuses an order that cannot be kept: after a service that does not exist, or after one that comes after. */
export function refuseWrongOrder(services: Readonly<Record<string, Service>>, findings: Findings): void {
    const told = new Set<string>();
    for (const [name, { after = [] }] of Object.entries(services)) {
        const path = ["services", name, "after"];
        for (const [index, other] of after.entries()) {
            // A service that is there, and wrong, is told already.
            if (!Object.hasOwn(services, other) && !findings.touches(["services", other])) {
                findings.add(
                    [...path, index],
                    `there is no service ${other}; ${orKnown(other, Object.keys(services), "services")}`,
                );
            }
        }
        const circle = told.has(name) ? undefined : wayBack(name, services);
        if (circle) {
            circle.forEach((member) => told.add(member));
            findings.add(path, `waits for itself: ${[...circle, name].join(" after ")}`, "take one of them out");
        }
    }
}

/** The services as they stand, but each behind those that it comes after. The order is taken as one that can be kept. */
export function inOrder(services: Readonly<Record<string, Service>>): Service[] {
    const ordered = new Set<Service>();
    const add = (service: Service) => {
        (service.after ?? []).flatMap((name) => services[name] ?? []).forEach(add);
        ordered.add(service);
    };
    Object.values(services).forEach(add);
    return [...ordered];
}

/** The shortest way from a service by `after` back to itself. */
function wayBack(name: string, services: Readonly<Record<string, Service>>): string[] | undefined {
    const seen = new Set<string>();
    let ways = [[name]];
    while (ways.length > 0) {
        const further = ways.flatMap((way) => (services[way.at(-1)!]?.after ?? []).map((other) => [...way, other]));
        const circle = further.find((way) => way.at(-1) === name);
        if (circle) {
            return circle.slice(0, -1);
        }
        ways = further.filter((way) => !seen.has(way.at(-1)!));
        ways.forEach((way) => seen.add(way.at(-1)!));
    }
    return undefined;
}
