import { Refusal } from "../refusal";
import type { Registry } from "../registry/model";
import { isRunTag, runAddress, runRepositories } from "../release/addresses";
import { isCommit } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import { type ListedRun, listedRuns, pullRun } from "../release/runRecordStore";
import { askedRef, list, shortCommit } from "../promotion/words";
import type { Environment } from "../settings/model";

/** A healthy run, by its tag. */
export interface HealthyRun {
    tag: string;
    run: RunRecord;
}

/** What to go back to. */
export interface Wish {
    /** A full commit SHA, `v1.4.0`, or a run's tag. @default - what ran before */
    to?: string;
    /** Services that alone go back. Empty: all of the environment. */
    services: readonly string[];
    /** Whether the environment's file asks for something else than what ran healthy here last. */
    unproven: boolean;
}

/**
 * Finds the healthy run that a wish is for.
 *
 * Without a ref that is what ran before: where the file asks for what never came up, the newest healthy run; else the newest one of
 * another set from before the first time that the current set ran. Whoever went back once, and is still not well, goes further back.
 *
 * @throws Refusal where there is none, with the newest that there are
 */
export async function findRun(registry: Registry, environment: Environment, { to, services, unproven }: Wish): Promise<HealthyRun> {
    const newest = await newestRuns(registry, environment, 1);
    const found =
        newest.length === 0
            ? undefined
            : to !== undefined
              ? await runOf(registry, environment, to)
              : unproven && services.length === 0
                ? newest[0]
                : services.length > 0
                  ? await runBeforeOf(registry, environment, newest[0].run, services)
                  : await runBefore(registry, environment, newest[0].run);
    if (!found) {
        throw await nothingFound(registry, environment, to, services);
    }
    return found;
}

/** The newest healthy runs, newest first. */
export async function newestRuns(registry: Registry, environment: Environment, count: number): Promise<HealthyRun[]> {
    const listed: ListedRun[] = [];
    for await (const run of listedRuns(registry, environment)) {
        if (listed.push(run) >= count) {
            break;
        }
    }
    return Promise.all(listed.map(({ tag, address }) => pulled(registry, tag, address)));
}

async function runOf(registry: Registry, environment: Environment, to: string): Promise<HealthyRun | undefined> {
    if (isRunTag(to)) {
        const address = runAddress(environment, to);
        return (await registry.resolve(address)) ? pulled(registry, to, address) : undefined;
    }
    return firstOf(registry, environment, ({ request }) => askedRef(request) === to || (isCommit(to) && request.commit === to));
}

async function runBefore(registry: Registry, environment: Environment, current: RunRecord): Promise<HealthyRun | undefined> {
    const { at: since } = await pullRun(registry, `${runRepositories(environment).sets}:set-${current.set}`);
    let found: ListedRun | undefined;
    for await (const run of listedRuns(registry, environment)) {
        if (current.set.startsWith(run.keyStart)) {
            found = undefined;
        } else {
            found ??= run;
        }
        if (found && run.at < since) {
            break;
        }
    }
    return found && pulled(registry, found.tag, found.address);
}

/** The newest run in which one of the services ran another image than it does. */
async function runBeforeOf(
    registry: Registry,
    environment: Environment,
    current: RunRecord,
    services: readonly string[],
): Promise<HealthyRun | undefined> {
    return firstOf(registry, environment, ({ images }) =>
        services.some((name) => images[name] !== undefined && images[name].digest !== current.images[name]?.digest),
    );
}

async function firstOf(
    registry: Registry,
    environment: Environment,
    fits: (run: RunRecord) => boolean,
): Promise<HealthyRun | undefined> {
    let looked = 0;
    for await (const { tag, address } of listedRuns(registry, environment)) {
        const run = await pullRun(registry, address);
        if (fits(run)) {
            return { tag, run };
        }
        if (++looked === lookedThrough) {
            return undefined;
        }
    }
    return undefined;
}

async function pulled(registry: Registry, tag: string, address: string): Promise<HealthyRun> {
    return { tag, run: await pullRun(registry, address) };
}

async function nothingFound(
    registry: Registry,
    environment: Environment,
    to: string | undefined,
    services: readonly string[],
): Promise<Refusal> {
    const { name } = environment;
    const newest = await newestRuns(registry, environment, offered);
    const known = newest.map(({ tag, run }) => `${shortCommit(askedRef(run.request))} (${tag})`);
    const cause =
        newest.length === 0
            ? `${name} has no healthy run, so there is nothing to go back to.`
            : to !== undefined
              ? `${to} never ran healthy in ${name}${isRunTag(to) ? "" : `, in its newest ${lookedThrough} runs`}: what never did is a promotion, not a rollback.`
              : services.length > 0
                ? `${list(services)} ran no other image in the newest ${lookedThrough} healthy runs of ${name}.`
                : `${name} ran nothing else healthy before.`;
    const remedy =
        newest.length === 0
            ? `npx oneflow promote ${name} <full sha or release>`
            : `npx oneflow rollback ${name} --list${to === undefined || isRunTag(to) ? "" : `\nor: npx oneflow promote ${name} ${to}`}`;
    const others = known.length > 0 ? [`Newest healthy runs: ${known.join(", ")}`] : [];
    return new Refusal(`Rollback of ${name} refused, nothing was changed`, [
        { subject: name, message: [cause, ...others].join("\n"), remedy },
    ]);
}

/** How many runs are looked through for a ref, and how many are offered instead of one that is not there. */
const lookedThrough = 200;
const offered = 5;
