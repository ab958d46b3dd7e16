/**
 * What the manifests say and the rendered objects say otherwise, though nothing is lost: every way in which that may be. A difference
 * that no row names is a line `not carried`.
 *
 * Places are keys with `/` between them (`~1` is a `/` in a key), `*` for one of them and a last `**` for all below. They begin with
 * `Workload`, `Service`, …: the object; `pod`: its pod template; `main`: the service's container; `init/*`: an init container. An
 * item of a list stands in brackets, by its name: `main/env/[PORT]/value`.
 */
export interface Rule {
    place: string;
    /** Only where both values are so. @default - whatever they are */
    when?(difference: Difference): boolean;
    /** `same`: nothing changes. `stricter`: something does, and for the better; a person should know of it. */
    verdict: "same" | "stricter";
    why: string;
}

export interface Difference {
    before: unknown;
    /** What is rendered there; nothing where nothing is. */
    after: unknown;
    /** A value of the rendered pod or container, by its keys. */
    pod(...keys: string[]): unknown;
    main(...keys: string[]): unknown;
    /** Number of the container's port of that name. */
    portNamed(name: unknown): number | undefined;
}

const isValue =
    (...values: unknown[]) =>
    ({ before }: Difference) =>
        values.includes(before);
const same = (why: string, place: string, when?: Rule["when"]): Rule => ({ place, why, verdict: "same", ...(when && { when }) });
const stricter = (why: string, place: string, when?: Rule["when"]): Rule => ({
    place,
    why,
    verdict: "stricter",
    ...(when && { when }),
});

const cluster = "the cluster writes it, and nobody applies it";
const byDefault = "it is what Kubernetes does where nothing is said";
const restricted = "the Pod Security Standard `restricted` holds for every pod";
const ownNames = "names and labels of oneflow's own";

export const rules: readonly Rule[] = [
    same("objects are rendered in the API's current version", "*/apiVersion"),
    same("the namespace is the environment's", "*/metadata/namespace"),
    same(ownNames, "**/labels/app.kubernetes.io~1name"),
    same(ownNames, "**/labels/app.kubernetes.io~1instance"),
    same(ownNames, "**/labels/app.kubernetes.io~1part-of"),
    same(ownNames, "**/labels/app.kubernetes.io~1managed-by"),
    same(ownNames, "Workload/metadata/annotations/oneflow.dev~1commit"),
    same("the container is named as its service", "main/name"),
    same("the image is the one that the pipeline promotes, by digest", "main/image"),
    same("the image is the one that the pipeline promotes, by digest", "init/*/image", ({ after }) => after !== undefined),
    same("an image by digest is the same whenever it is pulled", "main/imagePullPolicy"),
    same("an image by digest is the same whenever it is pulled", "init/*/imagePullPolicy"),
    same("a Service finds the pods by oneflow's own label", "Service/spec/selector/*"),
    same("a budget finds the pods by oneflow's own label", "PodDisruptionBudget/spec/selector/matchLabels/*"),
    same("a budget is named as its service", "PodDisruptionBudget/metadata/name", ({ after }) => after !== undefined),
    same(
        "a pod may be taken away where another is ready",
        "PodDisruptionBudget/spec/minAvailable",
        ({ after }) => after === undefined,
    ),
    same(
        "an autoscaler scales its own service",
        "HorizontalPodAutoscaler/spec/scaleTargetRef/name",
        ({ after }) => after !== undefined,
    ),
    same("nothing refers to the name: ports are meant by number", "main/ports/*/name", ({ after }) => after !== undefined),
    ...["main/*/httpGet/port", "main/*/tcpSocket/port", "main/*/grpc/port", "Service/spec/ports/*/targetPort"].map((place) =>
        same(
            "a port's name is its number",
            place,
            ({ before, after, portNamed }) => after !== undefined && portNamed(before) === after,
        ),
    ),
    same("an old name of serviceAccountName", "pod/spec/serviceAccount", ({ before, pod }) => before === pod("serviceAccountName")),

    ...["uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields/**"].map((key) =>
        same(cluster, `*/metadata/${key}`),
    ),
    same(cluster, "pod/metadata/creationTimestamp"),
    same(cluster, "*/status/**"),
    same(cluster, "*/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"),
    same(cluster, "Workload/metadata/annotations/deployment.kubernetes.io~1revision"),
    same(cluster, "Service/spec/clusterIP", ({ before }) => before !== "None"),
    same(cluster, "Service/spec/clusterIPs/*", ({ before }) => before !== "None"),
    same(cluster, "Service/spec/ipFamilies/*"),
    same(cluster, "Service/spec/ports/*/nodePort", ({ after }) => after === undefined),

    ...Object.entries({
        "Service/spec/ipFamilyPolicy": "SingleStack",
        "Service/spec/internalTrafficPolicy": "Cluster",
        "Service/spec/externalTrafficPolicy": "Cluster",
        "Service/spec/sessionAffinity": "None",
        "Service/spec/allocateLoadBalancerNodePorts": true,
        "Workload/spec/progressDeadlineSeconds": 600,
        "Workload/spec/revisionHistoryLimit": 10,
        "Workload/spec/minReadySeconds": 0,
        "pod/spec/dnsPolicy": "ClusterFirst",
        "pod/spec/schedulerName": "default-scheduler",
        "**/terminationMessagePath": "/dev/termination-log",
        "**/terminationMessagePolicy": "File",
        "main/*/successThreshold": 1,
        "main/*/httpGet/scheme": "HTTP",
        "main/*/grpc/service": "",
        "Workload/spec/strategy/rollingUpdate/maxSurge": "25%",
        "Workload/spec/strategy/rollingUpdate/maxUnavailable": "25%",
    }).map(([place, value]) => same(byDefault, place, isValue(value))),

    ...[
        "securityContext",
        "resources",
        "labels",
        "annotations",
        "env",
        "envFrom",
        "args",
        "affinity",
        "nodeSelector",
        "tolerations",
        "volumes",
    ].map((key) => same("an empty value says nothing", `**/${key}`, ({ before }) => Object.keys(before as object).length === 0)),

    stricter("no pod is taken away before a new one is ready", "Workload/spec/strategy/rollingUpdate/maxUnavailable"),
    same("as many pods come as the rollout needs", "Workload/spec/strategy/rollingUpdate/maxSurge"),
    stricter(restricted, "pod/spec/securityContext/runAsNonRoot", isValue(false)),
    stricter(restricted, "pod/spec/securityContext/seccompProfile/type", isValue("Unconfined")),
    ...["main", "init/*"].flatMap((container) => [
        stricter(restricted, `${container}/securityContext/allowPrivilegeEscalation`, isValue(true)),
        stricter(restricted, `${container}/securityContext/privileged`, isValue(true)),
        stricter(restricted, `${container}/securityContext/runAsNonRoot`, isValue(false)),
        stricter(
            "the root file system is read-only; where the program writes, name a folder: volumes: { tmp: { mount: /tmp } }",
            `${container}/securityContext/readOnlyRootFilesystem`,
            isValue(false),
        ),
        same("all capabilities are dropped, this one among them", `${container}/securityContext/capabilities/drop/*`),
        ...["runAsUser", "runAsGroup", "runAsNonRoot"].map((key) =>
            same(
                "the pod says it",
                `${container}/securityContext/${key}`,
                ({ before, pod }) => before === pod("securityContext", key),
            ),
        ),
        same("the pod says it", `${container}/securityContext/seccompProfile/type`, isValue("RuntimeDefault")),
    ]),
    stricter("no pod gets a token of the Kubernetes API", "pod/spec/automountServiceAccountToken", isValue(true)),
    stricter("no pod gets a token of the Kubernetes API", "ServiceAccount/automountServiceAccountToken", isValue(true)),
    stricter(
        "addresses stand in `env`; those that Kubernetes injects can clash with them",
        "pod/spec/enableServiceLinks",
        isValue(true),
    ),
];

/** Why a place is not carried, where more can be said than that no key says it. The first row that fits holds. */
export const reasons: readonly (readonly [place: string, reason: string])[] = [
    [
        "Workload/metadata/name",
        "it is named as its Service, by which others call it; the one that runs under this name stays until it is deleted",
    ],
    [
        "Workload/spec/selector/**",
        "a selector cannot change, and oneflow's is `app: <service>`; the one that runs must be deleted when this one is made",
    ],
    ["Workload/spec/strategy/**", "every rollout makes a new pod ready before it takes an old one away"],
    ["Workload/spec/replicas", "`autoscale` says how many run"],
    ["Workload/spec/serviceName", "the Service of the pods' own names is <service>-headless"],
    ["Workload/spec/*", "oneflow decides it"],
    ["pod/spec/serviceAccountName", "every service has an account of its own, named as itself; grant to that what this one may do"],
    ["pod/spec/imagePullSecrets/**", "nodes pull from the environment's own registry as themselves"],
    ["ServiceAccount/imagePullSecrets/**", "nodes pull from the environment's own registry as themselves"],
    ["pod/spec/affinity/**", "pods are spread over nodes and zones by oneflow; there is no key for more"],
    ["pod/spec/topologySpreadConstraints/**", "pods are spread over nodes and zones by oneflow; there is no key for more"],
    ["pod/spec/containers/**", "a service has one container; make it a service of its own, or part of the image"],
    ["pod/spec/hostNetwork", "the Pod Security Standard `restricted` forbids it"],
    ["pod/spec/hostPID", "the Pod Security Standard `restricted` forbids it"],
    ["pod/spec/hostIPC", "the Pod Security Standard `restricted` forbids it"],
    ["**/securityContext/capabilities/add/*", "the Pod Security Standard `restricted` drops all capabilities"],
    [
        "**/securityContext/runAsUser",
        "user, group and group of the volumes are one number, and not 0, which is root; write user: 1000",
    ],
    ["**/securityContext/runAsGroup", "user, group and group of the volumes are one number; write user: 1000"],
    ["**/securityContext/fsGroup", "user, group and group of the volumes are one number; write user: 1000"],
    ["init/*/resources/**", "an init container has the resources of its service"],
    ["init/*/volumeMounts/**", "an init container has the volumes of its service"],
    ["init/**", "an init container has a name, an image by digest, command, args and env"],
    ["main/lifecycle/**", "before a pod ends, oneflow lets its requests run out"],
    ["main/ports/**", "a container's ports are those that its Service offers, by TCP"],
    ["Service/spec/ports/**", "a port has a name, a number and a target, by TCP"],
    ["Service/metadata/name", "the Service of the pods' own names is <service>-headless"],
    [
        "Service/spec/loadBalancerSourceRanges/**",
        "the load balancer would let everybody in; write expose: internal, or keep others out before it",
    ],
    ["Service/spec/type", "a service is called inside the cluster; from outside by `expose`, under a second Service"],
    [
        "Service/spec/clusterIP",
        "a service has an address of its own; its pods have names by <service>-headless where it is stateful",
    ],
    ["pod/spec/volumes/**", "a volume that is no empty folder of the main container"],
    ["pod/metadata/labels/**", "labels of pods are oneflow's own: app and app.kubernetes.io/*"],
    ["pod/spec/restartPolicy", "oneflow decides it by the kind of the service"],
    ["*/metadata/labels/**", "labels of objects are oneflow's own: app.kubernetes.io/*"],
    ["*/metadata/annotations/**", "annotations are those of the pods"],
];

/** Whether a place fits a pattern of places. */
export function fits(place: string, pattern: string): boolean {
    let expression = compiled.get(pattern);
    if (!expression) {
        const source = pattern
            .split(/(\*\*|\*)/)
            .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")))
            .join("")
            .replace(/\/\.\*$/, "(/.*)?");
        compiled.set(pattern, (expression = new RegExp(`^${source}$`)));
    }
    return expression.test(place);
}

const compiled = new Map<string, RegExp>();
