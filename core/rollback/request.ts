import { refOf } from "../promotion/proposal";
import { askedRef, list, shortCommit } from "../promotion/words";
import { type Problem, Refusal } from "../refusal";
import { isCommit } from "../release/lock";
import type { RunRecord } from "../release/runRecord";
import { askedAgain } from "../release/union";
import type { Catalog, Environment } from "../settings/model";
import type { WantedRequest } from "../settings/stackText";
import { rendersAsThen } from "./sameServices";
import type { HealthyRun } from "./target";

/** Whose settings come along: those of the checkout, or those that the run had. */
export type Config = "now" | "then";

/** What the environment's file is to ask for, and what its reader should know. */
export interface RollbackRequest extends WantedRequest {
    pins: Environment["pins"];
    notes: readonly string[];
}

/**
 * The request that goes back to a healthy run.
 *
 * With the settings of now, services that came since are left as they run, by a pin, and those that `services.yaml` has lost since are
 * not brought back. With those of then, all is as it was.
 *
 * @param current the newest healthy run
 * @throws Refusal where the run does not have a service, or its settings cannot come along
 */
export function rollbackRequest(
    { tag, run }: HealthyRun,
    environment: Environment,
    catalog: Catalog,
    current: RunRecord,
    { services, config }: { services: readonly string[]; config: Config },
): RollbackRequest {
    const problems = refused(run, environment, { services, config });
    if (problems.length > 0) {
        throw new Refusal(`Rollback of ${environment.name} refused, nothing was changed`, problems);
    }
    if (services.length > 0) {
        return ofServices(run, environment, current, services);
    }
    const { request, catalog: then } = run;
    if (config === "then") {
        const same = rendersAsThen(run, catalog);
        const note = same
            ? "Services are rendered now as they were then."
            : `Services are rendered as they were in the run ${tag}.`;
        const asked = { commit: askedRef(request), pins: request.pins };
        return { ...asked, ...(!same && { catalogOf: tag }), notes: [note, ...heldNotes(environment)] };
    }
    const has = (one: Catalog, name: string) => Object.hasOwn(one.services, name);
    const commit = request.release ?? askedAgain(request.commit, then, catalog);
    const pins = Object.fromEntries(Object.entries(request.pins).filter(([name]) => has(catalog, name)));
    const kept = Object.keys(catalog.services).filter(
        (name) => !Object.hasOwn(run.images, name) && Object.hasOwn(current.images, name) && isCommit(refIn(current, name)),
    );
    const gone = Object.keys(then.services).filter((name) => !has(catalog, name));
    return {
        commit,
        pins: { ...pins, ...Object.fromEntries(kept.map((name) => [name, refIn(current, name)])) },
        notes: [
            ...kept.map((name) => `${name} came later: it is left as it runs, by a pin. ${release(environment.name, name)}`),
            ...(gone.length > 0
                ? [
                      `${list(gone)} ran then and ${gone.length === 1 ? "is" : "are"} not brought back: services.yaml does not have ${gone.length === 1 ? "it" : "them"} any more. With --config then all is as it was.`,
                  ]
                : []),
            ...heldNotes(environment),
        ],
    };
}

/** Single services, each held where the run had it; all others go on as they are. */
function ofServices(run: RunRecord, environment: Environment, current: RunRecord, services: readonly string[]): RollbackRequest {
    const commit = environment.commit ?? askedRef(current.request);
    const wanted = services.map((name) => [name, refIn(run, name)] as const);
    const others = Object.entries(environment.pins).filter(([name]) => !services.includes(name));
    const pins = Object.fromEntries([...others, ...wanted.filter(([, ref]) => ref !== commit)]);
    const notes = wanted
        .filter(([name]) => Object.hasOwn(pins, name))
        .map(([name, ref]) => `${name} is held at ${shortCommit(ref)} by a pin. ${release(environment.name, name)}`);
    return { commit, pins, ...(environment.catalogOf !== undefined && { catalogOf: environment.catalogOf }), notes };
}

/** The commit that a run had a service at: its lock stands in the environment's tier. */
function refIn({ request: { commit, pins }, catalog }: RunRecord, service: string): string {
    return refOf({ commit, pins, catalog }, {}, service);
}

function refused(
    run: RunRecord,
    { name }: Environment,
    { services, config }: { services: readonly string[]; config: Config },
): Problem[] {
    const missing = services.filter((service) => !Object.hasOwn(run.images, service));
    const whole = services.length > 0 && config === "then";
    return [
        ...missing.map((service) => ({
            subject: service,
            message: `did not run in ${name} then: ${shortCommit(askedRef(run.request))}, healthy at ${run.at}, had no image of it.`,
            remedy: `npx oneflow rollback ${name} --list`,
        })),
        ...(whole
            ? [
                  {
                      subject: "--config then",
                      message: "brings the settings of all services back, and --service takes single ones.",
                      remedy: `take services.yaml back for ${list(services)}, or leave --service out`,
                  },
              ]
            : []),
    ];
}

/** That nothing moves forward again by itself, where something would have. */
function heldNotes({ name, commit }: Environment): string[] {
    return commit === "latest"
        ? [`${name} followed latest and is held now. To follow again: npx oneflow promote ${name} latest`]
        : [];
}

function release(environment: string, service: string): string {
    return `To let it go with all others again: pulumi config rm --path pins.${service} -s ${environment}`;
}
