import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A step in the life of a node or pod, as kwok's `Stage` of `kwok.x-k8s.io/v1alpha1` says it. */
export interface Stage {
    apiVersion: "kwok.x-k8s.io/v1alpha1";
    kind: "Stage";
    metadata: { name: string };
    spec: {
        resourceRef: { apiGroup: "v1"; kind: "Pod" | "Node" };
        selector: { matchExpressions: { key: string; operator: "In" | "NotIn" | "Exists" | "DoesNotExist"; values?: string[] }[] };
        /** Of the stages that fit, one with a weight is taken. @default 0 */
        weight?: number;
        delay?: { durationMilliseconds: number };
        next: { statusTemplate: string } | { delete: true };
    };
}

/** Writes the stages that kwok comes with, and further ones behind them, into one file. JSON is YAML. */
export function writeStages(file: string, kwokFolder: string, further: readonly Stage[]): void {
    const own = readdirSync(kwokFolder)
        .filter((name) => name.endsWith(".yaml"))
        .sort()
        .map((name) => readFileSync(join(kwokFolder, name), "utf8"));
    writeFileSync(file, [...own, ...further.map((stage) => `${JSON.stringify(stage)}\n`)].join("---\n"));
}

/** The containers of one image crash as soon as they start, for ever: the kubelet holds them back, longer each time. */
export function crashing(image: string): Stage {
    return {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Stage",
        metadata: { name: "pod-crash" },
        spec: {
            resourceRef: { apiGroup: "v1", kind: "Pod" },
            selector: {
                matchExpressions: [
                    { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" },
                    { key: ".status.phase", operator: "In", values: ["Pending"] },
                    { key: ".spec.containers.[].image", operator: "In", values: [image] },
                ],
            },
            weight: 1,
            next: { statusTemplate: crashed },
        },
    };
}

const crashed = `
{{ $now := Now }}
conditions:
{{ range $type, $status := dict "Initialized" "True" "Ready" "False" "ContainersReady" "False" }}
- type: {{ $type }}
  status: {{ $status | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 3
  started: false
  state:
    waiting:
      reason: CrashLoopBackOff
      message: back-off 40s restarting failed container
  lastState:
    terminated:
      exitCode: 1
      reason: Error
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
podIP: {{ PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
`;
