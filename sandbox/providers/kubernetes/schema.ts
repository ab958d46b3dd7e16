import { metadata, selector, strings, texts } from "./podSchema";
import type { Shape } from "./shape";
import { cronJob, deployment, job, statefulSet } from "./workloadSchema";

const service: Shape = {
    fields: {
        ports: {
            list: {
                fields: {
                    name: "string",
                    port: "integer",
                    targetPort: "integerOrString",
                    protocol: "string",
                    appProtocol: "string",
                    nodePort: "integer",
                },
            },
            key: ["port", "protocol"],
        },
        ...{
            type: "string",
            selector: texts,
            clusterIP: "string",
            clusterIPs: strings,
            externalName: "string",
            externalTrafficPolicy: "string",
        },
        ...{
            internalTrafficPolicy: "string",
            ipFamilies: strings,
            ipFamilyPolicy: "string",
            loadBalancerClass: "string",
            loadBalancerIP: "string",
        },
        ...{
            loadBalancerSourceRanges: strings,
            publishNotReadyAddresses: "boolean",
            sessionAffinity: "string",
            sessionAffinityConfig: "any",
        },
        ...{ trafficDistribution: "string", allocateLoadBalancerNodePorts: "boolean" },
    },
};

const rules: Shape = {
    list: { fields: { apiGroups: strings, resources: strings, resourceNames: strings, verbs: strings, nonResourceURLs: strings } },
};
const binding: Readonly<Record<string, Shape>> = {
    roleRef: { fields: { apiGroup: "string", kind: "string", name: "string" } },
    subjects: { list: { fields: { apiGroup: "string", kind: "string", name: "string", namespace: "string" } } },
};
const peers: Shape = {
    list: {
        fields: { namespaceSelector: selector, podSelector: selector, ipBlock: { fields: { cidr: "string", except: strings } } },
    },
};
const peerPorts: Shape = { list: { fields: { port: "integerOrString", endPort: "integer", protocol: "string" } } };
const limits: Shape = { map: "quantity" };

const parentReference: Shape = {
    fields: { group: "string", kind: "string", namespace: "string", name: "string", sectionName: "string", port: "integer" },
};
const gateway: Shape = {
    fields: {
        gatewayClassName: "string",
        listeners: {
            list: {
                fields: {
                    ...{ name: "string", hostname: "string", port: "integer", protocol: "string", allowedRoutes: "any" },
                    tls: {
                        fields: {
                            mode: "string",
                            certificateRefs: {
                                list: { fields: { group: "string", kind: "string", name: "string", namespace: "string" } },
                            },
                            ...{ options: texts, frontendValidation: "any" },
                        },
                    },
                },
            },
            key: "name",
        },
        ...{ addresses: { list: "any" }, infrastructure: "any" },
    },
};
const route: Shape = {
    fields: {
        ...{ parentRefs: { list: parentReference }, hostnames: strings },
        rules: {
            list: {
                fields: {
                    ...{ name: "string", matches: { list: "any" }, filters: { list: "any" }, timeouts: "any", retry: "any" },
                    backendRefs: {
                        list: {
                            fields: {
                                ...{ group: "string", kind: "string", namespace: "string", name: "string", port: "integer" },
                                ...{ weight: "integer", filters: { list: "any" } },
                            },
                        },
                    },
                },
            },
        },
    },
};

const fields: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
    Namespace: { spec: { fields: { finalizers: strings } } },
    ServiceAccount: {
        automountServiceAccountToken: "boolean",
        secrets: "any",
        imagePullSecrets: { list: { fields: { name: "string" } } },
    },
    Service: { spec: service },
    ConfigMap: { data: texts, binaryData: texts, immutable: "boolean" },
    Secret: { data: texts, stringData: texts, type: "string", immutable: "boolean" },
    ResourceQuota: { spec: { fields: { hard: limits, scopes: strings, scopeSelector: "any" } } },
    LimitRange: {
        spec: {
            fields: {
                limits: {
                    list: {
                        fields: {
                            type: "string",
                            default: limits,
                            defaultRequest: limits,
                            max: limits,
                            min: limits,
                            maxLimitRequestRatio: limits,
                        },
                    },
                },
            },
        },
    },
    Deployment: { spec: deployment },
    StatefulSet: { spec: statefulSet },
    Job: { spec: job },
    CronJob: { spec: cronJob },
    Gateway: { spec: gateway },
    HTTPRoute: { spec: route },
    PodDisruptionBudget: {
        spec: {
            fields: {
                selector,
                minAvailable: "integerOrString",
                maxUnavailable: "integerOrString",
                unhealthyPodEvictionPolicy: "string",
            },
        },
    },
    NetworkPolicy: {
        spec: {
            fields: {
                podSelector: selector,
                policyTypes: strings,
                ingress: { list: { fields: { from: peers, ports: peerPorts } } },
                egress: { list: { fields: { to: peers, ports: peerPorts } } },
            },
        },
    },
    HorizontalPodAutoscaler: {
        spec: {
            fields: {
                scaleTargetRef: { fields: { apiVersion: "string", kind: "string", name: "string" } },
                ...{ minReplicas: "integer", maxReplicas: "integer", metrics: { list: "any" }, behavior: "any" },
            },
        },
    },
    SecretProviderClass: { spec: { fields: { provider: "string", parameters: texts, secretObjects: "any" } } },
    SecretSync: {
        spec: {
            fields: {
                ...{ serviceAccountName: "string", secretProviderClassName: "string", forceSynchronization: "string" },
                secretObject: {
                    fields: {
                        type: "string",
                        data: { list: { fields: { sourcePath: "string", targetKey: "string" } }, key: "targetKey" },
                        labels: texts,
                        annotations: texts,
                    },
                },
            },
        },
    },
    Role: { rules },
    RoleBinding: binding,
    ClusterRole: { rules, aggregationRule: "any" },
    ClusterRoleBinding: binding,
};

/** Every field that an object of a kind may have: what is not declared is refused. */
export function schemaOf(kind: string): Shape {
    return { fields: { apiVersion: "string", kind: "string", metadata, ...fields[kind] } };
}
