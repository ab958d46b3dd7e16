import type { Decision } from "../promotion/model";
import { list } from "../promotion/words";
import { type Problem, Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import { runAddress } from "../release/addresses";
import type { RunRecord } from "../release/runRecord";
import { listedRuns, pullRun } from "../release/runRecordStore";
import type { Environment } from "../settings/model";
import { stackFile } from "../settings/stackFile";

/**
 * The healthy run whose services an environment's file asks for with `catalogOf`. Nothing where it does not: the checkout's are rendered.
 *
 * @throws Refusal where no such run was healthy here
 */
export async function catalogRun(registry: Registry, environment: Environment): Promise<RunRecord | undefined> {
    const { name, catalogOf } = environment;
    if (catalogOf === undefined) {
        return undefined;
    }
    const address = runAddress(environment, catalogOf);
    if (await registry.resolve(address)) {
        return pullRun(registry, address);
    }
    const newest: string[] = [];
    for await (const { tag } of listedRuns(registry, environment)) {
        if (newest.push(tag) === offered) {
            break;
        }
    }
    const others = newest.length > 0 ? `\nNewest healthy runs: ${list(newest)}` : "";
    throw new Refusal(`Promotion to ${name} refused, nothing was changed`, [
        { subject: "catalogOf", message: `${name} has no healthy run ${catalogOf}.${others}`, remedy: removal(name) },
    ]);
}

/** Services of then fit the images of then: with others nobody has ever seen them run. */
export function refuseOtherSet({ name, catalogOf }: Environment, then: RunRecord | undefined, decision: Decision): Problem[] {
    if (!then || "problems" in decision || decision.plan.key === then.set) {
        return [];
    }
    const { images } = then;
    const others = Object.keys({ ...images, ...decision.plan.set }).filter(
        (image) => images[image]?.digest !== decision.plan.set[image],
    );
    const message = `renders the services of ${catalogOf}, and ${stackFile(name)} asks for other images than that run had: ${list(others.sort())}.`;
    return [{ subject: "catalogOf", message, remedy: removal(name) }];
}

/** That the checkout's services are not what is rendered: nobody who edits them should have to wonder. Empty where they are. */
export function describeCatalogOf({ name, catalogOf }: Environment): string {
    return catalogOf === undefined
        ? ""
        : `  Services are rendered as they were in the run ${catalogOf}, not as this checkout's services.yaml has them.\n  → to render these again: pulumi config rm catalogOf -s ${name}`;
}

const offered = 3;

function removal(environment: string): string {
    return `pulumi config rm catalogOf -s ${environment}   # this checkout's services.yaml is rendered again`;
}
