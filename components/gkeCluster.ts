import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { podRange, serviceRange } from "./network";

/** What a {@link GkeCluster} is made from. */
export interface GkeClusterArgs {
    /** Google Cloud project. */
    project: string;
    region: string;
    /** Name of the cluster in its project and region, at most 40 characters. */
    clusterName: string;
    /** Self links of the VPC and of the region's subnetwork with the ranges `pods` and `services`. */
    network: pulumi.Input<string>;
    subnetwork: pulumi.Input<string>;
    /** Email of the service account that nodes run as: it pulls images and writes logs and metrics, nothing else. */
    nodeServiceAccount: pulumi.Input<string>;
    /** Whether only attested images may run (Binary Authorization, the project's policy). @default false */
    binaryAuthorization?: boolean;
    /** Whether GKE makes Kubernetes Secrets of Secret Manager's, as a SecretSync says. @default false */
    secretSync?: boolean;
    /** Whether pods mount versions of Secret Manager's secrets. @default false */
    secretMounts?: boolean;
    /** Whether the cluster refuses to be deleted. Unsafe to turn off. @default true */
    deletionProtection?: boolean;
}

/**
 * An Autopilot cluster with private nodes. Its control plane is reached by its DNS endpoint, where IAM decides who
 * comes in; it has no public address.
 */
export class GkeCluster extends pulumi.ComponentResource {
    /** Host of the control plane. */
    readonly endpoint: pulumi.Output<string>;

    constructor(name: string, args: GkeClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:GkeCluster", name, {}, opts);
        const {
            project,
            region,
            clusterName,
            binaryAuthorization = false,
            secretSync = false,
            secretMounts = false,
            deletionProtection = true,
        } = args;

        const cluster = new gcp.container.Cluster(
            name,
            {
                project,
                location: region,
                name: clusterName,
                enableAutopilot: true,
                deletionProtection,
                network: args.network,
                subnetwork: args.subnetwork,
                ipAllocationPolicy: { clusterSecondaryRangeName: podRange, servicesSecondaryRangeName: serviceRange },
                datapathProvider: "ADVANCED_DATAPATH",
                privateClusterConfig: { enablePrivateNodes: true },
                controlPlaneEndpointsConfig: {
                    dnsEndpointConfig: { allowExternalTraffic: true },
                    ipEndpointsConfig: { enabled: false },
                },
                masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
                rbacBindingConfig: {
                    enableInsecureBindingSystemAuthenticated: false,
                    enableInsecureBindingSystemUnauthenticated: false,
                },
                workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
                releaseChannel: { channel: "REGULAR" },
                maintenancePolicy: {
                    recurringWindow: {
                        startTime: "2026-01-03T02:00:00Z",
                        endTime: "2026-01-03T08:00:00Z",
                        recurrence: "FREQ=WEEKLY;BYDAY=SA,SU",
                    },
                },
                clusterAutoscaling: {
                    autoProvisioningDefaults: {
                        serviceAccount: args.nodeServiceAccount,
                        oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
                    },
                },
                binaryAuthorization: { evaluationMode: binaryAuthorization ? "PROJECT_SINGLETON_POLICY_ENFORCE" : "DISABLED" },
                secretManagerConfig: secretMounts ? { enabled: true } : undefined,
                secretSyncConfig: secretSync ? { enabled: true } : undefined,
                securityPostureConfig: { mode: "BASIC", vulnerabilityMode: "VULNERABILITY_BASIC" },
            },
            { parent: this, protect: deletionProtection },
        );

        this.endpoint = cluster.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint;
        this.registerOutputs({ endpoint: this.endpoint });
    }
}

/**
 * A kubeconfig of one cluster for the Kubernetes provider. It holds no credential: `gke-gcloud-auth-plugin` fetches a
 * short-lived token of whoever runs it. The DNS endpoint has a certificate that every machine trusts.
 */
export function kubeconfig(context: string, endpoint: string): string {
    return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": context,
        clusters: [{ name: context, cluster: { server: `https://${endpoint}` } }],
        contexts: [{ name: context, context: { cluster: context, user: context } }],
        users: [
            {
                name: context,
                user: {
                    exec: {
                        apiVersion: "client.authentication.k8s.io/v1beta1",
                        command: "gke-gcloud-auth-plugin",
                        provideClusterInfo: true,
                        interactiveMode: "Never",
                    },
                },
            },
        ],
    });
}
