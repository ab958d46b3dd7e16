import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** What a {@link Network} is made from. */
export interface NetworkArgs {
    /** Google Cloud project. */
    project: string;
    /** Regions that need a subnetwork, each once. */
    regions: readonly string[];
}

/** A VPC of its own with one subnetwork a region, ranges for pods and Services, and a way out (Cloud NAT) but none in. */
export class Network extends pulumi.ComponentResource {
    /** Region → self link of its subnetwork. */
    readonly subnetworks: Readonly<Record<string, pulumi.Output<string>>>;
    /** Self link of the VPC. */
    readonly network: pulumi.Output<string>;

    constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:Network", name, {}, opts);
        const { project, regions } = args;

        const network = new gcp.compute.Network(
            name,
            { project, name, autoCreateSubnetworks: false, routingMode: "GLOBAL" },
            { parent: this },
        );
        const subnetworks: Record<string, pulumi.Output<string>> = {};
        regions.forEach((region, index) => {
            const ranges = subnetworkRanges(index);
            const subnetwork = new gcp.compute.Subnetwork(
                `${name}-${region}`,
                {
                    project,
                    name: `${name}-${region}`,
                    region,
                    network: network.selfLink,
                    ipCidrRange: ranges.nodes,
                    secondaryIpRanges: [
                        { rangeName: podRange, ipCidrRange: ranges.pods },
                        { rangeName: serviceRange, ipCidrRange: ranges.services },
                    ],
                    privateIpGoogleAccess: true,
                    logConfig: { aggregationInterval: "INTERVAL_10_MIN", flowSampling: 0.5, metadata: "INCLUDE_ALL_METADATA" },
                },
                { parent: this },
            );
            const router = new gcp.compute.Router(
                `${name}-${region}-router`,
                { project, name: `${name}-${region}`, region, network: network.selfLink },
                { parent: this },
            );
            new gcp.compute.RouterNat(
                `${name}-${region}-nat`,
                {
                    project,
                    name: `${name}-${region}`,
                    region,
                    router: router.name,
                    natIpAllocateOption: "AUTO_ONLY",
                    sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
                    logConfig: { enable: true, filter: "ERRORS_ONLY" },
                },
                { parent: this },
            );
            subnetworks[region] = subnetwork.selfLink;
        });

        this.network = network.selfLink;
        this.subnetworks = subnetworks;
        this.registerOutputs({ network: this.network, subnetworks: this.subnetworks });
    }
}

/** Names of a subnetwork's secondary ranges. */
export const podRange = "pods";
export const serviceRange = "services";

/**
 * Address ranges of the subnetwork at a position of the region list: they never overlap, and a region that is added
 * at the end moves no other. Room for 16 regions.
 *
 * @throws Error past the sixteenth
 */
export function subnetworkRanges(index: number): { nodes: string; pods: string; services: string } {
    if (index > 15) {
        throw new Error(`an environment's network has room for 16 regions, this is number ${index + 1}`);
    }
    return { nodes: `10.0.${index * 16}.0/20`, pods: `10.${64 + index * 4}.0.0/14`, services: `10.1.${index * 16}.0/20` };
}
