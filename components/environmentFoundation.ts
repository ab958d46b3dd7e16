import * as gcp from "@pulumi/gcp";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { runsRepositoryId } from "../core/release/addresses";
import { clusterKey } from "../core/settings/clusterKey";
import type { Catalog, Environment } from "../core/settings/model";
import { deployer, nodes } from "../core/workflows/identities";
import { clusterProvider } from "./clusterProvider";
import { EnabledApis } from "./enabledApis";
import { EnvironmentNamespace } from "./environmentNamespace";
import { GkeCluster, kubeconfig } from "./gkeCluster";
import { ImageRegistry } from "./imageRegistry";
import { Network } from "./network";
import { ServiceIdentity } from "./serviceIdentity";
import { StateAccess } from "./stateAccess";
import { WorkloadAccess, workloadNeeds } from "./workloadAccess";

/** What an {@link EnvironmentFoundation} is made from. Members and principals come from what exists once. */
export interface EnvironmentFoundationArgs {
    /** Name of the Pulumi project. */
    partOf: string;
    environment: Environment;
    /** The services that will run there: what they use of Google Cloud is granted to them. */
    catalog: Catalog;
    /** Whether nothing follows this environment: there only attested images may run. */
    last: boolean;
    /** The workflow runs that may act as the deployer: a short name for each → IAM member. */
    deployPrincipals: Record<string, pulumi.Input<string>>;
    /** Who builds images. Given in the first environment only: nobody else writes to a tier but its deployer. */
    builder?: pulumi.Input<string>;
    /** Who reads this tier to copy from it: a short name → IAM member. */
    readers: Record<string, pulumi.Input<string>>;
    /** Who looks at the workloads, as an IAM member and as a user of the clusters. */
    auditor: { member: pulumi.Input<string>; user: string };
}

/** Everything under one environment: APIs, network, clusters, registry tier, run records, deployer and its state, namespaces. */
export class EnvironmentFoundation extends pulumi.ComponentResource {
    /** The deployer as an IAM member. */
    readonly deployer: pulumi.Output<string>;

    constructor(name: string, args: EnvironmentFoundationArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:EnvironmentFoundation", name, {}, opts);
        const { partOf, environment, readers, builder } = args;
        const { project, region, tier } = environment;
        const managed = environment.clusters.filter((cluster) => cluster.managed);

        const needs = workloadNeeds(args.catalog, environment.name);
        const secretSync = needs.some(({ synced }) => synced);
        const secretMounts = needs.some(({ mounted }) => mounted);
        const enabled = secretSync || secretMounts ? [...environmentApis, "secretmanager"] : environmentApis;
        const apis = new EnabledApis(name, { project, apis: enabled }, { parent: this });
        const ready = { parent: this, dependsOn: [apis] };

        const access = new gcp.projects.IAMCustomRole(
            `${name}-cluster-access`,
            {
                project,
                roleId: customRoleId(partOf, environment.name),
                title: `oneflow: reach the clusters of ${environment.name}`,
                permissions: ["container.clusters.get", "container.clusters.connect"],
            },
            ready,
        );
        new gcp.projects.IAMMember(
            `${name}-auditor-cluster-access`,
            { project, role: access.name, member: args.auditor.member },
            ready,
        );
        const deploying = new ServiceIdentity(
            `${name}-deployer`,
            {
                identity: deployer(environment),
                impersonators: args.deployPrincipals,
                projectRoles: { "cluster-access": access.name },
            },
            ready,
        );
        new StateAccess(name, { environment, deployer: deploying.member, auditor: args.auditor.member }, ready);
        const node = new ServiceIdentity(
            `${name}-nodes`,
            { identity: nodes(environment), projectRoles: { "node-defaults": "roles/container.defaultNodeServiceAccount" } },
            ready,
        );
        const registry = { project, location: region };
        new ImageRegistry(
            `${name}-${tier}`,
            {
                ...registry,
                repositoryId: tier,
                mutableTags: environment.promotesFrom === undefined,
                readers: { ...readers, nodes: node.member },
                writers: builder === undefined ? { deployer: deploying.member } : { deployer: deploying.member, builder },
            },
            ready,
        );
        new ImageRegistry(
            `${name}-${runsRepositoryId(tier)}`,
            { ...registry, repositoryId: runsRepositoryId(tier), readers, writers: { deployer: deploying.member } },
            ready,
        );

        const network =
            managed.length > 0 ? new Network(`${partOf}-${name}`, { project, regions: regionsOf(managed) }, ready) : undefined;
        const clusters: GkeCluster[] = [];
        for (const cluster of environment.clusters) {
            const key = `${name}-${clusterKey(partOf, environment, cluster)}`;
            const made =
                cluster.managed && network
                    ? new GkeCluster(
                          key,
                          {
                              project,
                              region: cluster.region,
                              clusterName: cluster.name,
                              network: network.network,
                              subnetwork: network.subnetworks[cluster.region],
                              nodeServiceAccount: node.email,
                              binaryAuthorization: args.last,
                              secretSync,
                              secretMounts,
                          },
                          ready,
                      )
                    : undefined;
            clusters.push(...(made ? [made] : []));
            const provider = made
                ? new k8s.Provider(
                      key,
                      { kubeconfig: made.endpoint.apply((endpoint) => kubeconfig(cluster.context, endpoint)) },
                      { parent: this, dependsOn: [made] },
                  )
                : clusterProvider(key, cluster.context, { parent: this });
            new EnvironmentNamespace(
                key,
                { namespace: environment.namespace, partOf, deployer: deploying.email, auditor: args.auditor.user },
                { parent: this, provider },
            );
        }

        if (clusters.length > 0 && needs.length > 0) {
            // Google makes the pool that their accounts are known in with the project's first cluster.
            new WorkloadAccess(name, { environment, needs }, { parent: this, dependsOn: [apis, ...clusters] });
        }

        this.deployer = deploying.member;
        this.registerOutputs({ deployer: this.deployer });
    }
}

const environmentApis = [
    "compute",
    "container",
    "artifactregistry",
    "iam",
    "iamcredentials",
    "binaryauthorization",
    "containerscanning",
];

/** Custom role ids take letters, digits, dots and underscores; a deleted one blocks its id, so each environment has its own. */
function customRoleId(project: string, environment: string): string {
    return `oneflow.${project}.${environment}.clusterAccess`.replace(/-/g, "_");
}

function regionsOf(clusters: Environment["clusters"]): string[] {
    return [...new Set(clusters.map(({ region }) => region))];
}
