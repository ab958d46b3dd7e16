import type { Shape } from "./shape";

export const texts: Shape = { map: "string" };
export const strings: Shape = { list: "string" };
export const selector: Shape = {
    fields: { matchLabels: texts, matchExpressions: { list: { fields: { key: "string", operator: "string", values: strings } } } },
};

export const metadata: Shape = {
    fields: { name: "string", generateName: "string", namespace: "string", labels: texts, annotations: texts, finalizers: strings },
};

const capabilities: Shape = { fields: { add: strings, drop: strings } };
const seccomp: Shape = { fields: { type: "string", localhostProfile: "string" } };
const containerSecurity: Shape = {
    fields: {
        ...{
            allowPrivilegeEscalation: "boolean",
            capabilities,
            privileged: "boolean",
            procMount: "string",
            readOnlyRootFilesystem: "boolean",
        },
        ...{ runAsGroup: "integer", runAsNonRoot: "boolean", runAsUser: "integer", seccompProfile: seccomp },
    },
};
const podSecurity: Shape = {
    fields: {
        ...{
            fsGroup: "integer",
            fsGroupChangePolicy: "string",
            runAsGroup: "integer",
            runAsNonRoot: "boolean",
            runAsUser: "integer",
        },
        ...{
            seccompProfile: seccomp,
            supplementalGroups: { list: "integer" },
            sysctls: { list: { fields: { name: "string", value: "string" } } },
        },
    },
};

const httpGet: Shape = {
    fields: {
        host: "string",
        httpHeaders: { list: { fields: { name: "string", value: "string" } } },
        path: "string",
        port: "integerOrString",
        scheme: "string",
    },
};
const handlers: Readonly<Record<string, Shape>> = {
    exec: { fields: { command: strings } },
    httpGet,
    tcpSocket: { fields: { host: "string", port: "integerOrString" } },
};
const probe: Shape = {
    fields: {
        ...handlers,
        grpc: { fields: { port: "integer", service: "string" } },
        ...{ failureThreshold: "integer", initialDelaySeconds: "integer", periodSeconds: "integer", successThreshold: "integer" },
        ...{ terminationGracePeriodSeconds: "integer", timeoutSeconds: "integer" },
    },
};
const hook: Shape = { fields: { ...handlers, sleep: { fields: { seconds: "integer" } } } };

const keyReference: Shape = { fields: { name: "string", key: "string", optional: "boolean" } };
const valueFrom: Shape = {
    fields: {
        configMapKeyRef: keyReference,
        secretKeyRef: keyReference,
        fieldRef: { fields: { apiVersion: "string", fieldPath: "string" } },
        resourceFieldRef: { fields: { containerName: "string", divisor: "quantity", resource: "string" } },
    },
};
const source: Shape = { fields: { name: "string", optional: "boolean" } };

const container: Shape = {
    fields: {
        ...{ name: "string", image: "string", imagePullPolicy: "string", command: strings, args: strings, workingDir: "string" },
        env: { list: { fields: { name: "string", value: "string", valueFrom } }, key: "name" },
        envFrom: { list: { fields: { prefix: "string", configMapRef: source, secretRef: source } } },
        ports: {
            list: {
                fields: { name: "string", containerPort: "integer", hostPort: "integer", hostIP: "string", protocol: "string" },
            },
            key: ["containerPort", "protocol"],
        },
        ...{
            startupProbe: probe,
            readinessProbe: probe,
            livenessProbe: probe,
            lifecycle: { fields: { preStop: hook, postStart: hook, stopSignal: "string" } },
        },
        resources: { fields: { requests: { map: "quantity" }, limits: { map: "quantity" } } },
        securityContext: containerSecurity,
        volumeMounts: {
            list: {
                fields: { name: "string", mountPath: "string", readOnly: "boolean", subPath: "string", mountPropagation: "string" },
            },
            key: "mountPath",
        },
        ...{ restartPolicy: "string", terminationMessagePath: "string", terminationMessagePolicy: "string" },
    },
};

const items: Shape = { list: { fields: { key: "string", path: "string", mode: "integer" } } };
const volume: Shape = {
    fields: {
        name: "string",
        emptyDir: { fields: { medium: "string", sizeLimit: "quantity" } },
        configMap: { fields: { name: "string", items, defaultMode: "integer", optional: "boolean" } },
        secret: { fields: { secretName: "string", items, defaultMode: "integer", optional: "boolean" } },
        ...{
            projected: "any",
            csi: {
                fields: {
                    driver: "string",
                    fsType: "string",
                    readOnly: "boolean",
                    nodePublishSecretRef: source,
                    volumeAttributes: texts,
                },
            },
            downwardAPI: "any",
            hostPath: "any",
            persistentVolumeClaim: { fields: { claimName: "string", readOnly: "boolean" } },
        },
    },
};

const podSpec: Shape = {
    fields: {
        containers: { list: container, key: "name" },
        initContainers: { list: container, key: "name" },
        volumes: { list: volume, key: "name" },
        securityContext: podSecurity,
        topologySpreadConstraints: {
            list: {
                fields: {
                    ...{
                        maxSkew: "integer",
                        topologyKey: "string",
                        whenUnsatisfiable: "string",
                        labelSelector: selector,
                        matchLabelKeys: strings,
                    },
                    ...{ minDomains: "integer", nodeAffinityPolicy: "string", nodeTaintsPolicy: "string" },
                },
            },
        },
        ...{
            serviceAccountName: "string",
            automountServiceAccountToken: "boolean",
            enableServiceLinks: "boolean",
            restartPolicy: "string",
        },
        ...{
            terminationGracePeriodSeconds: "integer",
            dnsPolicy: "string",
            hostNetwork: "boolean",
            hostPID: "boolean",
            hostIPC: "boolean",
            hostUsers: "boolean",
        },
        ...{
            nodeSelector: texts,
            affinity: "any",
            tolerations: { list: "any" },
            priorityClassName: "string",
            runtimeClassName: "string",
        },
        ...{
            shareProcessNamespace: "boolean",
            imagePullSecrets: { list: { fields: { name: "string" } } },
            hostname: "string",
            subdomain: "string",
            schedulerName: "string",
        },
    },
};

/** What a workload makes its pods from. */
export const podTemplate: Shape = { fields: { metadata, spec: podSpec } };
