import { type Problem, Refusal } from "../refusal";
import type { Cluster, Environment } from "../settings/model";
import type { StateResource } from "./stackState";

/** What the state has of a cluster, in an order in which each stands behind what it needs. Its provider is not among it. */
export function keptResources(state: readonly StateResource[], key: string): StateResource[] {
    const provider = state.find(({ type, urn }) => type === "pulumi:providers:kubernetes" && nameOf(urn) === key);
    if (!provider) {
        return [];
    }
    const objects = state.filter((resource) => resource.provider?.startsWith(`${provider.urn}::`));
    const parents = new Set(objects.map(({ parent }) => parent).filter((parent) => parent !== provider.parent));
    return state.filter((resource) => objects.includes(resource) || parents.has(resource.urn));
}

/**
 * Refuses to leave a cluster out that the last run left halfway: Pulumi goes on with such an object at every update, and waits for
 * it.
 *
 * @throws Refusal
 */
export function refuseHalfway(environment: Environment, { context }: Cluster, kept: readonly StateResource[]): void {
    const halfway = kept.filter((resource) => resource.delete === true || (resource.initErrors ?? []).length > 0);
    if (halfway.length === 0) {
        return;
    }
    const { name } = environment;
    const problems = halfway.map(({ urn, type, initErrors = [] }): Problem => {
        const object = `${type.split(":").at(-1)} ${nameOf(urn)}`;
        const message = initErrors.length > 0 ? `did not come up: ${initErrors[0]}` : "was replaced, and still waits to be deleted";
        return { subject: object, message };
    });
    const message = `is suspended, but its last run ended halfway: Pulumi goes on with such an object at every update.`;
    const remedy = `take suspended out, let ${name} go back to what ran there (oneflow rollback ${name}), then suspend it`;
    throw new Refusal(`Deployment of ${name} refused, nothing was changed`, [{ subject: context, message, remedy }, ...problems]);
}

/** The last part of a URN. */
export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}
