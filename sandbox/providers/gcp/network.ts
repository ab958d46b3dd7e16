import { hex, publicAddress } from "../cloud/endpoints";
import type { Values } from "../double";
import { records, text } from "../values";
import { computeName, computeNameWords, googleError, mustBeOneOf, mustMatch, resourceName, type GcpKind, type Place } from "./kind";

const api = "compute.googleapis.com";
const selfLink = (name: string) => `https://www.googleapis.com/compute/v1/${name}`;
const regional = (inputs: Values, { region }: Place) => text(inputs, "region") ?? region ?? "global";

/** Name of the network that an input means, by name, id or self link. */
export function networkName(value: string, { project }: Place): string {
    return resourceName(value, (name) => `projects/${project}/global/networks/${name}`);
}

export function subnetworkName(value: string, region: string, { project }: Place): string {
    return resourceName(value, (name) => `projects/${project}/regions/${region}/subnetworks/${name}`);
}

const network: GcpKind = {
    token: "gcp:compute/network:Network",
    title: "Network",
    api,
    permission: "compute.networks",
    required: ["name"],
    replaceOn: ["name", "project", "autoCreateSubnetworks", "description"],
    defaults: () => ({ autoCreateSubnetworks: true, routingMode: "REGIONAL" }),
    faults: (inputs) => [
        mustMatch(inputs, "name", computeName, computeNameWords),
        mustBeOneOf(inputs, "routingMode", ["REGIONAL", "GLOBAL"]),
    ],
    name: (inputs, { project }) => `projects/${project}/global/networks/${inputs.name}`,
    answers: (inputs, place) => {
        const name = network.name(inputs, place);
        return { selfLink: selfLink(name), networkId: hex(name, 15), gatewayIpv4: "" };
    },
    remove: (outputs, { cloud, project }) => {
        const name = `projects/${project}/global/networks/${outputs.name}`;
        const users = cloud
            .resourceNames(`projects/${project}`)
            .filter((other) => text(cloud.resource(other), "network")?.endsWith(`/networks/${outputs.name}`));
        if (users.length > 0) {
            throw googleError(
                400,
                `The network resource '${name}' is already being used by '${users[0]}', resourceInUseByAnotherResource`,
            );
        }
    },
};

const subnetwork: GcpKind = {
    token: "gcp:compute/subnetwork:Subnetwork",
    title: "Subnetwork",
    api,
    permission: "compute.subnetworks",
    required: ["name", "network", "region", "ipCidrRange"],
    replaceOn: ["name", "project", "region", "network", "purpose"],
    defaults: (_, { region }) => (region ? { region } : {}),
    faults: (inputs) => [
        mustMatch(inputs, "name", computeName, computeNameWords),
        ...["ipCidrRange", ...records(inputs.secondaryIpRanges).map((_, index) => `secondaryIpRanges.${index}.ipCidrRange`)].map(
            (property) => mustMatch(inputs, property, cidr, "a range in CIDR notation, 10.0.0.0/20"),
        ),
    ],
    name: (inputs, place) => subnetworkName(String(inputs.name), regional(inputs, place), place),
    references: (inputs, place) => [{ what: "network", name: networkName(String(inputs.network), place) }],
    admit: (inputs, place) => {
        const ranges = (values: Values) => [
            text(values, "ipCidrRange"),
            ...records(values.secondaryIpRanges).map((range) => text(range, "ipCidrRange")),
        ];
        const here = networkName(String(inputs.network), place);
        for (const name of place.cloud
            .resourceNames(`projects/${place.project}/regions`)
            .filter((name) => name.includes("/subnetworks/"))) {
            const other = place.cloud.resource<Values>(name)!;
            const sameNetwork = networkName(String(other.network), place) === here && name !== subnetwork.name(inputs, place);
            const clash = ranges(other).find((old) => ranges(inputs).some((now) => old && now && overlaps(old, now)));
            if (sameNetwork && clash) {
                throw googleError(
                    400,
                    `Invalid IPCidrRange: ${inputs.ipCidrRange} conflicts with existing subnetwork '${other.name}' in region '${other.region}'., badRequest`,
                );
            }
        }
    },
    answers: (inputs, place) => ({
        selfLink: selfLink(subnetwork.name(inputs, place)),
        gatewayAddress: String(inputs.ipCidrRange).replace(/\.\d+\/\d+$/, ".1"),
        subnetworkId: Number.parseInt(hex(subnetwork.name(inputs, place), 12), 16),
    }),
};

const router: GcpKind = {
    token: "gcp:compute/router:Router",
    title: "Router",
    api,
    permission: "compute.routers",
    required: ["name", "network", "region"],
    replaceOn: ["name", "project", "region", "network"],
    defaults: (_, { region }) => (region ? { region } : {}),
    faults: (inputs) => [mustMatch(inputs, "name", computeName, computeNameWords)],
    name: (inputs, place) => `projects/${place.project}/regions/${regional(inputs, place)}/routers/${inputs.name}`,
    references: (inputs, place) => [{ what: "network", name: networkName(String(inputs.network), place) }],
    answers: (inputs, place) => ({ selfLink: selfLink(router.name(inputs, place)) }),
};

const nat: GcpKind = {
    token: "gcp:compute/routerNat:RouterNat",
    title: "RouterNat",
    api,
    permission: "compute.routers",
    required: ["name", "router", "region", "sourceSubnetworkIpRangesToNat"],
    replaceOn: ["name", "project", "region", "router"],
    defaults: (_, { region }) => (region ? { region } : {}),
    faults: (inputs) => [
        mustMatch(inputs, "name", computeName, computeNameWords),
        mustBeOneOf(inputs, "natIpAllocateOption", ["AUTO_ONLY", "MANUAL_ONLY"]),
        mustBeOneOf(inputs, "sourceSubnetworkIpRangesToNat", [
            "ALL_SUBNETWORKS_ALL_IP_RANGES",
            "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES",
            "LIST_OF_SUBNETWORKS",
        ]),
    ],
    name: (inputs, place) => `${natRouter(inputs, place)}/nats/${inputs.name}`,
    id: (inputs, place) => `${place.project}/${regional(inputs, place)}/${inputs.router}/${inputs.name}`,
    references: (inputs, place) => [{ what: "router", name: natRouter(inputs, place) }],
    answers: (inputs, place) => ({ autoNetworkTier: "PREMIUM", natIps: [publicAddress(nat.name(inputs, place))] }),
};

const natRouter = (inputs: Values, place: Place) =>
    resourceName(String(inputs.router), (name) => `projects/${place.project}/regions/${regional(inputs, place)}/routers/${name}`);

const cidr = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\/(?:3[0-2]|[12]?\d)$/;

function overlaps(one: string, other: string): boolean {
    const [low, high] = [one, other].map((range) => {
        const [address, bits] = range.split("/");
        const start = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
        return { start, end: start + 2 ** (32 - Number(bits)) - 1 };
    });
    return low.start <= high.end && high.start <= low.end;
}

export const networkKinds: readonly GcpKind[] = [network, subnetwork, router, nat];
