import { join } from "node:path";
import { type CredentialFiles, nodesAccount } from "./credentials";

/** What the programs of a control plane have to agree on. */
export interface ControlPlaneLayout {
    /** Folder of the data. */
    directory: string;
    files: CredentialFiles;
    ports: { etcd: number; etcdPeer: number; apiServer: number };
}

export const serverNames = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

export type ServerName = (typeof serverNames)[number];

/** The arguments that each server is started with. How the API server authorises comes on top. */
export function commandLines({ directory, files, ports }: ControlPlaneLayout): Record<ServerName, string[]> {
    const etcd = `http://127.0.0.1:${ports.etcd}`;
    const peer = `http://127.0.0.1:${ports.etcdPeer}`;
    // It takes part in no election, serves nothing itself and asks as often as it likes: seconds pass at the start else.
    const alone = ["--leader-elect=false", "--secure-port=0", "--kube-api-qps=1000", "--kube-api-burst=1000", "--profiling=false"];
    return {
        etcd: [
            "--name=sandbox",
            `--data-dir=${join(directory, "etcd")}`,
            `--listen-client-urls=${etcd}`,
            `--advertise-client-urls=${etcd}`,
            `--listen-peer-urls=${peer}`,
            `--initial-advertise-peer-urls=${peer}`,
            `--initial-cluster=sandbox=${peer}`,
            // Nothing here must outlive a loss of power.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        "kube-apiserver": [
            `--etcd-servers=${etcd}`,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            `--secure-port=${ports.apiServer}`,
            `--cert-dir=${files.certificates}`,
            `--token-auth-file=${files.tokens}`,
            "--anonymous-auth=false",
            // Beside what is on by default, PodSecurity and ResourceQuota among it.
            "--enable-admission-plugins=NodeRestriction",
            // As on GKE: whether a pod may be privileged is its namespace's to say.
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            `--service-account-key-file=${files.serviceAccountKey}`,
            `--service-account-signing-key-file=${files.serviceAccountKey}`,
            "--service-cluster-ip-range=10.96.0.0/16",
            // No Endpoints may lead to a loopback address, and nothing in this cluster could follow them.
            "--endpoint-reconciler-type=none",
            "--profiling=false",
        ],
        "kube-controller-manager": [
            `--kubeconfig=${files.kubeconfigs["system:kube-controller-manager"]}`,
            ...alone,
            "--use-service-account-credentials=true",
            `--service-account-private-key-file=${files.serviceAccountKey}`,
            `--root-ca-file=${files.certificate}`,
            // As often as the others look; 15 s is its own way.
            "--horizontal-pod-autoscaler-sync-period=1s",
        ],
        "kube-scheduler": [`--kubeconfig=${files.kubeconfigs["system:kube-scheduler"]}`, ...alone],
    };
}

/** The arguments of the program that plays nodes by stages. */
export function kwokArguments({ kubeconfigs }: CredentialFiles, stages: string): string[] {
    return [
        `--kubeconfig=${kubeconfigs[nodesAccount]}`,
        `--config=${stages}`,
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
    ];
}
