import { dnsEndpoint, hex, nodeServiceAccount, publicAddress } from "../cloud/endpoints";
import { ProviderError, unknown, type Values } from "../double";
import { at, merge, records, text } from "../values";
import { googleError, mustMatch, resourceName, type GcpKind, type Place, type Reference } from "./kind";
import { networkName, subnetworkName } from "./network";

const api = "container.googleapis.com";
const clusterName = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
const clusterNameWords = "1-40 characters, a lower case letter first, then lower case letters, digits or -, not ending in -";
const locationOf = (inputs: Values, { region, zone }: Place) => text(inputs, "location") ?? zone ?? region ?? "";

const cluster: GcpKind = {
    token: "gcp:container/cluster:Cluster",
    title: "Cluster",
    api,
    permission: "container.clusters",
    required: ["name", "location"],
    replaceOn: [
        ...[
            "name",
            "project",
            "location",
            "network",
            "subnetwork",
            "enableAutopilot",
            "datapathProvider",
            "initialNodeCount",
            "ipAllocationPolicy",
        ],
        ...["privateClusterConfig.enablePrivateNodes", "defaultMaxPodsPerNode", "confidentialNodes"],
    ],
    defaults: (_, { region, zone }) => ({ deletionProtection: true, ...((zone ?? region) ? { location: zone ?? region } : {}) }),
    faults: (inputs) => [
        mustMatch(inputs, "name", clusterName, clusterNameWords),
        ...(inputs.enableAutopilot === true
            ? ["removeDefaultNodePool", "nodePools", "enableShieldedNodes", "defaultMaxPodsPerNode", "networkPolicy"]
                  .filter((property) => inputs[property] !== undefined)
                  .map((property) => ({ property, reason: `"${property}": conflicts with enable_autopilot` }))
            : [standardWithoutNodes(inputs)]),
    ],
    name: (inputs, place) => `projects/${place.project}/locations/${locationOf(inputs, place)}/clusters/${inputs.name}`,
    references: (inputs, place) => clusterReferences(inputs, place),
    admit: (inputs, place) => {
        const subnetwork = text(inputs, "subnetwork");
        const ranges =
            subnetwork &&
            records(
                place.cloud.resource(subnetworkName(subnetwork, regionOf(locationOf(inputs, place)), place))?.secondaryIpRanges,
            );
        for (const field of ["clusterSecondaryRangeName", "servicesSecondaryRangeName"]) {
            const range = text(inputs, `ipAllocationPolicy.${field}`);
            if (range && ranges && !ranges.some(({ rangeName }) => rangeName === range)) {
                throw googleError(
                    400,
                    `${field === "clusterSecondaryRangeName" ? "Pods" : "Services"} secondary range "${range}" does not exist in subnetwork "${subnetwork}".`,
                );
            }
        }
    },
    unanswered: (inputs) => ({
        ...inputs,
        controlPlaneEndpointsConfig: merge((inputs.controlPlaneEndpointsConfig as Values) ?? {}, {
            dnsEndpointConfig: { endpoint: unknown },
        }),
        masterAuth: unknown,
    }),
    answers: (inputs, place) => {
        const { project, number } = place;
        const name = cluster.name(inputs, place);
        const location = locationOf(inputs, place);
        const endpoint = dnsEndpoint({ project, number, location, name: String(inputs.name) });
        const address = publicAddress(name);
        return {
            endpoint: address,
            selfLink: `https://container.googleapis.com/v1/${name}`,
            masterVersion: "1.34.1-gke.1293000",
            nodeVersion: "1.34.1-gke.1293000",
            nodeLocations: ["b", "c", "d"].map((zone) => `${regionOf(location)}-${zone}`),
            servicesIpv4Cidr: "34.118.224.0/20",
            labelFingerprint: hex(JSON.stringify(inputs.resourceLabels ?? {}), 8),
            masterAuth: {
                clusterCaCertificate: certificateOf(name),
                clientCertificate: "",
                clientKey: "",
                clientCertificateConfig: { issueClientCertificate: false },
            },
            controlPlaneEndpointsConfig: merge(
                { dnsEndpointConfig: { allowExternalTraffic: false }, ipEndpointsConfig: { enabled: true } },
                {
                    ...((inputs.controlPlaneEndpointsConfig as Values) ?? {}),
                    dnsEndpointConfig: { ...(at(inputs, "controlPlaneEndpointsConfig.dnsEndpointConfig") as Values), endpoint },
                },
            ),
            ...(inputs.enableAutopilot === true ? { workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` } } : {}),
        };
    },
    settle: async (outputs, { clusters, project }) => clusters?.settle(clusterKey(outputs, project)),
    stop: async (outputs, { clusters, project }) => clusters?.remove(clusterKey(outputs, project)),
    remove: (outputs, { cloud, project }) => {
        if (outputs.deletionProtection !== false) {
            throw new ProviderError(
                "Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with cluster deletion",
            );
        }
        cloud.store.deleteAll(`kubernetes/${project}_${outputs.location}_${outputs.name}`);
        cloud.store.deleteAll(`projects/${project}/locations/${outputs.location}/clusters/${outputs.name}`);
    },
};

const clusterKey = ({ location, name }: Values, project: string) => `${project}/${String(location)}/${String(name)}`;

const nodePool: GcpKind = {
    token: "gcp:container/nodePool:NodePool",
    title: "NodePool",
    api,
    permission: "container.clusters",
    required: ["name", "cluster", "location"],
    replaceOn: [
        "name",
        "project",
        "location",
        "cluster",
        "initialNodeCount",
        "nodeConfig.serviceAccount",
        "nodeConfig.shieldedInstanceConfig",
    ],
    defaults: (_, { region, zone }) => ((zone ?? region) ? { location: zone ?? region } : {}),
    faults: (inputs) => [mustMatch(inputs, "name", clusterName, clusterNameWords)],
    name: (inputs, place) => `${poolCluster(inputs, place)}/nodePools/${inputs.name}`,
    id: (inputs, place) => nodePool.name(inputs, place),
    references: (inputs, place) => [
        { what: "cluster", name: poolCluster(inputs, place) },
        ...serviceAccountReference(text(inputs, "nodeConfig.serviceAccount"), place),
    ],
    admit: (inputs, place) => {
        if (place.cloud.resource(poolCluster(inputs, place))?.enableAutopilot === true) {
            throw googleError(400, "Autopilot node pools cannot be accessed or modified., badRequest");
        }
    },
    answers: () => ({ version: "1.34.1-gke.1293000", instanceGroupUrls: [], managedInstanceGroupUrls: [] }),
};

function standardWithoutNodes(inputs: Values) {
    return inputs.initialNodeCount === undefined && records(inputs.nodePools).length === 0
        ? {
              property: "initialNodeCount",
              reason: "a Standard cluster needs initialNodeCount (with removeDefaultNodePool) or nodePools: googleapi: Error 400: Cluster.initial_node_count must be greater than zero",
          }
        : undefined;
}

function clusterReferences(inputs: Values, place: Place): Reference[] {
    const network = text(inputs, "network");
    const subnetwork = text(inputs, "subnetwork");
    const key = text(inputs, "databaseEncryption.keyName");
    return [
        { what: "network", name: networkName(network ?? "default", place) },
        ...(subnetwork
            ? [{ what: "subnetwork", name: subnetworkName(subnetwork, regionOf(locationOf(inputs, place)), place) }]
            : []),
        ...(key ? [{ what: "crypto key", name: key }] : []),
        ...serviceAccountReference(nodeServiceAccount(inputs), place),
    ];
}

function serviceAccountReference(email: string | undefined, { project }: Place): Reference[] {
    const home = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email ?? "")?.[1] ?? project;
    return email && email !== "default" ? [{ what: "service account", name: `projects/${home}/serviceAccounts/${email}` }] : [];
}

const poolCluster = (inputs: Values, place: Place) =>
    resourceName(
        String(inputs.cluster),
        (name) => `projects/${place.project}/locations/${locationOf(inputs, place)}/clusters/${name}`,
    );

/** `europe-west1` of the zone `europe-west1-b`. */
const regionOf = (location: string) => location.replace(/^([a-z]+-[a-z]+\d+)-[a-z]$/, "$1");

/** Not a certificate, and says so: nothing on the loopback speaks TLS under a cluster's name. */
const certificateOf = (name: string) =>
    Buffer.from(`-----BEGIN CERTIFICATE-----\nsandbox ${name}\n-----END CERTIFICATE-----\n`).toString("base64");

export const clusterKinds: readonly GcpKind[] = [cluster, nodePool];
