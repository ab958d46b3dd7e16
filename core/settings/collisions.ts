import type { Problem } from "../refusal";
import { runsRepositoryId } from "../release/addresses";
import type { Delivery, Environment } from "./model";

/** Refuses environments that would write over each other: in a registry repository, a cluster or a namespace. */
export function refuseCollisions(
    environments: readonly Environment[],
    delivery: Delivery | undefined,
    project: string,
    problems: Problem[],
): void {
    const where = ({ name }: Environment) => `Pulumi.${name}.yaml: ${project}:environment`;
    const repositories = new Map<string, string>(delivery ? [[delivery.deploy, "releases"]] : []);
    const contexts = new Map<string, Environment>();
    // Where project or region is missing, which is told already, addresses are not known.
    for (const environment of environments.filter(({ project: cloud, region }) => cloud !== "" && region !== "")) {
        const { name, registry, tier } = environment;
        for (const id of [tier, runsRepositoryId(tier)]) {
            const other = repositories.get(`${registry}/${id}`);
            if (other) {
                problems.push({
                    subject: `${where(environment)}.tier`,
                    message: `${registry}/${id} belongs to ${other} already; each environment has a registry repository of its own`,
                    remedy: `pulumi config set --path environment.tier ${name === tier ? `${tier}-images` : name} -s ${name}`,
                });
                break;
            }
            repositories.set(`${registry}/${id}`, name);
        }
        for (const [index, cluster] of environment.clusters.entries()) {
            const other = contexts.get(cluster.context);
            const subject = `${where(environment)}.clusters[${index}]`;
            if (other === environment) {
                problems.push({
                    subject,
                    message: `the cluster ${cluster.context} stands twice in the list`,
                    remedy: "delete one of the two",
                });
            } else if (other && cluster.managed) {
                problems.push({
                    subject,
                    message: `platform makes the cluster ${cluster.context} for ${other.name} already`,
                    remedy: "write another name",
                });
            } else if (other && other.namespace === environment.namespace) {
                problems.push({
                    subject,
                    message: `${other.name} deploys to the namespace ${environment.namespace} of ${cluster.context} already`,
                    remedy: `pulumi config set --path environment.namespace <name> -s ${name}`,
                });
            }
            contexts.set(cluster.context, other ?? environment);
        }
    }
}
