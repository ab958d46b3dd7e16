/**
 * The Kubernetes objects that oneflow renders, as plain values. Only what it sets: this is not a model of the API.
 * They are assignable to the input types of `@pulumi/kubernetes`, which core/ does not import; `test/unit/manifestsTypes.ts` proves it.
 */
export type KubernetesObject =
    | ServiceAccountObject
    | NetworkPolicyObject
    | ConfigMapObject
    | SecretProviderClassObject
    | SecretSyncObject
    | JobObject
    | DeploymentObject
    | StatefulSetObject
    | CronJobObject
    | ServiceObject
    | GatewayObject
    | RouteObject
    | AutoscalerObject
    | DisruptionBudgetObject;

export interface ObjectMetadata {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
}

export interface ServiceAccountObject {
    apiVersion: "v1";
    kind: "ServiceAccount";
    metadata: ObjectMetadata;
    automountServiceAccountToken: boolean;
}

export interface ConfigMapObject {
    apiVersion: "v1";
    kind: "ConfigMap";
    metadata: ObjectMetadata;
    data: Record<string, string>;
    immutable: boolean;
}

/** What Google's provider reads from Secret Manager. */
export interface SecretProviderClassObject {
    apiVersion: "secrets-store.csi.x-k8s.io/v1";
    kind: "SecretProviderClass";
    metadata: ObjectMetadata;
    /** `secrets` is a list in YAML: `resourceName`, and `path` by which others know it. */
    spec: { provider: "gke"; parameters: { secrets: string } };
}

/** A Secret of the same name that GKE makes of a SecretProviderClass, and takes away with it. */
export interface SecretSyncObject {
    apiVersion: "secret-sync.gke.io/v1";
    kind: "SecretSync";
    metadata: ObjectMetadata;
    spec: {
        serviceAccountName: string;
        secretProviderClassName: string;
        secretObject: { type: "Opaque"; data: { sourcePath: string; targetKey: string }[] };
    };
}

export interface ServiceObject {
    apiVersion: "v1";
    kind: "Service";
    metadata: ObjectMetadata;
    spec: {
        type: "ClusterIP" | "LoadBalancer";
        clusterIP?: "None";
        publishNotReadyAddresses?: boolean;
        selector: Record<string, string>;
        ports: { name: string; port: number; targetPort: number; protocol: "TCP" }[];
    };
}

export interface GatewayObject {
    apiVersion: "gateway.networking.k8s.io/v1";
    kind: "Gateway";
    metadata: ObjectMetadata;
    spec: {
        gatewayClassName: string;
        listeners: {
            name: string;
            hostname: string;
            port: number;
            protocol: "HTTPS";
            tls: { mode: "Terminate"; certificateRefs: { kind: "Secret"; name: string }[] };
            allowedRoutes: { namespaces: { from: "Same" } };
        }[];
    };
}

export interface RouteObject {
    apiVersion: "gateway.networking.k8s.io/v1";
    kind: "HTTPRoute";
    metadata: ObjectMetadata;
    spec: {
        parentRefs: { name: string; namespace?: string }[];
        hostnames: string[];
        rules: { backendRefs: { name: string; port: number }[] }[];
    };
}

export interface DisruptionBudgetObject {
    apiVersion: "policy/v1";
    kind: "PodDisruptionBudget";
    metadata: ObjectMetadata;
    spec: { maxUnavailable: number; unhealthyPodEvictionPolicy: "AlwaysAllow"; selector: LabelSelector };
}

export interface NetworkPolicyObject {
    apiVersion: "networking.k8s.io/v1";
    kind: "NetworkPolicy";
    metadata: ObjectMetadata;
    spec: {
        /** Without labels: every pod of the namespace. */
        podSelector: Partial<LabelSelector>;
        policyTypes: ("Ingress" | "Egress")[];
        ingress?: { from?: NetworkPeer[]; ports?: NetworkPort[] }[];
        egress?: EgressRule[];
    };
}

export interface EgressRule {
    to?: NetworkPeer[];
    ports?: NetworkPort[];
}

export interface NetworkPeer {
    podSelector?: LabelSelector;
    namespaceSelector?: LabelSelector;
    ipBlock?: { cidr: string };
}

export interface NetworkPort {
    port: number;
    protocol: "TCP" | "UDP" | "SCTP";
}

export interface DeploymentObject {
    apiVersion: "apps/v1";
    kind: "Deployment";
    metadata: ObjectMetadata;
    spec: {
        /** Absent where an autoscaler says how many. */
        replicas?: number;
        selector: LabelSelector;
        strategy: { type: "RollingUpdate"; rollingUpdate: { maxUnavailable: number; maxSurge: string } };
        minReadySeconds: number;
        progressDeadlineSeconds: number;
        revisionHistoryLimit: number;
        template: PodTemplate;
    };
}

export interface StatefulSetObject {
    apiVersion: "apps/v1";
    kind: "StatefulSet";
    metadata: ObjectMetadata;
    spec: {
        serviceName: string;
        /** Absent where an autoscaler says how many. */
        replicas?: number;
        selector: LabelSelector;
        updateStrategy: { type: "RollingUpdate" };
        podManagementPolicy: "OrderedReady";
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain"; whenScaled: "Retain" };
        minReadySeconds: number;
        revisionHistoryLimit: number;
        template: PodTemplate;
        volumeClaimTemplates?: VolumeClaimTemplate[];
    };
}

export interface VolumeClaimTemplate {
    metadata: { name: string };
    spec: { accessModes: "ReadWriteOnce"[]; storageClassName?: string; resources: { requests: { storage: string } } };
}

export interface CronJobObject {
    apiVersion: "batch/v1";
    kind: "CronJob";
    metadata: ObjectMetadata;
    spec: {
        schedule: string;
        timeZone: string;
        concurrencyPolicy: "Forbid";
        startingDeadlineSeconds: number;
        successfulJobsHistoryLimit: number;
        failedJobsHistoryLimit: number;
        jobTemplate: { metadata: { labels: Record<string, string> }; spec: JobSpec };
    };
}

export interface JobObject {
    apiVersion: "batch/v1";
    kind: "Job";
    metadata: ObjectMetadata;
    spec: JobSpec;
}

export interface JobSpec {
    backoffLimit: number;
    activeDeadlineSeconds?: number;
    template: PodTemplate;
}

export interface AutoscalerObject {
    apiVersion: "autoscaling/v2";
    kind: "HorizontalPodAutoscaler";
    metadata: ObjectMetadata;
    spec: {
        scaleTargetRef: { apiVersion: "apps/v1"; kind: "Deployment" | "StatefulSet"; name: string };
        minReplicas: number;
        maxReplicas: number;
        metrics: { type: "Resource"; resource: { name: "cpu"; target: { type: "Utilization"; averageUtilization: number } } }[];
    };
}

export interface PodTemplate {
    metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
    spec: PodSpec;
}

export interface LabelSelector {
    matchLabels: Record<string, string>;
}

export interface PodSpec {
    serviceAccountName: string;
    automountServiceAccountToken: boolean;
    enableServiceLinks: boolean;
    /** `Never` where the pod runs to its end: what failed stays to be looked at. */
    restartPolicy: "Always" | "Never";
    terminationGracePeriodSeconds: number;
    securityContext: {
        runAsNonRoot: boolean;
        runAsUser?: number;
        runAsGroup?: number;
        fsGroup?: number;
        seccompProfile: { type: "RuntimeDefault" };
    };
    topologySpreadConstraints?: {
        maxSkew: number;
        topologyKey: string;
        whenUnsatisfiable: "ScheduleAnyway";
        labelSelector: LabelSelector;
        matchLabelKeys?: string[];
    }[];
    initContainers?: Container[];
    containers: Container[];
    volumes?: PodVolume[];
}

export interface PodVolume {
    name: string;
    emptyDir?: { medium?: "Memory"; sizeLimit?: string };
    secret?: { secretName: string };
    configMap?: { name: string };
    csi?: { driver: string; readOnly: boolean; volumeAttributes: Record<string, string> };
}

export interface Container {
    name: string;
    image: string;
    command?: string[];
    args?: string[];
    ports?: ContainerPort[];
    env?: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
    startupProbe?: ContainerProbe;
    readinessProbe?: ContainerProbe;
    livenessProbe?: ContainerProbe;
    lifecycle?: { preStop: { sleep: { seconds: number } } };
    resources: { requests: Record<string, string>; limits: Record<string, string> };
    securityContext: {
        allowPrivilegeEscalation: boolean;
        capabilities: { drop: string[] };
        privileged: boolean;
        readOnlyRootFilesystem: boolean;
    };
    volumeMounts?: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
}

export interface ContainerPort {
    name?: string;
    containerPort: number;
    protocol: "TCP";
}

export interface ContainerProbe {
    grpc?: { port: number };
    tcpSocket?: { port: number };
    httpGet?: { path: string; port: number; httpHeaders?: { name: string; value: string }[] };
    exec?: { command: string[] };
    initialDelaySeconds?: number;
    periodSeconds?: number;
    timeoutSeconds?: number;
    failureThreshold?: number;
}
