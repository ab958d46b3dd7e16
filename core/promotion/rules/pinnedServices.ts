import type { Problem } from "../../refusal";
import { list, shortCommit, unpinCommand } from "../words";
import type { Rule } from "./rule";

/** A pin names a service that exists: in this checkout's catalog, and at the commit that it is pinned to. */
export const pinnedServices: Rule = {
    name: "pinnedServices",
    judge: ({ request, facts }) =>
        Object.entries(request.pins).flatMap(([service, ref]): Problem[] => {
            const { catalog, environment } = request;
            const subject = `pins.${service}`;
            const remedy = unpinCommand(environment.name, service);
            if (!Object.hasOwn(catalog.services, service)) {
                const known = list(Object.keys(catalog.services).sort());
                return [{ subject, message: `services.yaml has no service of this name. It has ${known}.`, remedy }];
            }
            const lock = facts.locks[ref];
            if (lock && !Object.hasOwn(lock.catalog.services, service)) {
                return [{ subject, message: `${shortCommit(ref)} has no ${service}: its services.yaml does not name it.`, remedy }];
            }
            return [];
        }),
};
