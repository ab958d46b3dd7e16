import { createHash } from "node:crypto";
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
    return startOf(image, "pod-crash", crashed);
}

/** One image cannot be pulled. */
export function unpullable(image: string): Stage {
    return startOf(image, "pod-pull", notPulled);
}

/** The containers of one image run, and never get ready. */
export function neverReady(image: string): Stage {
    return startOf(image, "pod-unready", notReady);
}

/** The containers of one image end with an exit code of 1 and a last message, and are not started again. */
export function failing(image: string, message: string): Stage {
    return startOf(image, "pod-fail", failed(message));
}

/** What becomes of pods with a container of an image instead of being ready at once. */
function startOf(image: string, name: string, statusTemplate: string): Stage {
    return {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Stage",
        metadata: { name: `${name}-${createHash("sha256").update(image).digest("hex").slice(0, 10)}` },
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
            next: { statusTemplate },
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

/** The pod waits where it is, so this is said of it again and again: with the same words and times, it changes nothing. */
const notPulled = `
conditions:
- type: Ready
  status: "False"
  reason: ContainersNotReady
  lastTransitionTime: {{ .metadata.creationTimestamp | Quote }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    waiting:
      reason: ImagePullBackOff
      message: 'Back-off pulling image "{{ .image }}": not found'
{{ end }}
phase: Pending
startTime: {{ .metadata.creationTimestamp | Quote }}
`;

const notReady = `
{{ $now := Now }}
conditions:
- type: Ready
  status: "False"
  reason: ContainersNotReady
  message: "containers with unready status: [{{ range .spec.containers }}{{ .name }}{{ end }}]"
  lastTransitionTime: {{ $now | Quote }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
podIP: {{ PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
`;

const failed = (message: string) => `
{{ $now := Now }}
conditions:
- type: Ready
  status: "False"
  reason: PodFailed
  lastTransitionTime: {{ $now | Quote }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    terminated:
      exitCode: 1
      reason: Error
      message: ${JSON.stringify(message)}
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
phase: Failed
startTime: {{ $now | Quote }}
`;
