import { columns } from "../../sandbox/columns";
import { kubernetesVersion } from "../../sandbox/kubernetes/servers";
import { type ClusterRound, judgeCluster, shareBar, shares } from "./cluster";
import { indented, takenOn } from "./report";
import type { Conditions } from "./conditions";
import { median, spread } from "./statistics";
import { type Step, steps, type WayName } from "./way";

/** The figures of the cluster for a reader. */
export function describeCluster(rounds: readonly ClusterRound[], conditions: Conditions): string {
    return `
Taken on the sandbox's doubles of Google Cloud, its registry and the Kubernetes provider, on the loopback. The control plane
is real, Kubernetes ${kubernetesVersion}; its nodes pull every image and run none, so a pod is ready at once. No figure here says
how long a rollout of real pods takes.
${takenOn(conditions)}

Online Boutique, ${rounds[0].objects} objects of 12 workloads, each way in a namespace of its own, ${rounds.length} rounds of all in turn
${indented(table(rounds, "wall"))}

Processor seconds of the engine and of the processes that it started
${indented(table(rounds, "cpu"))}

${verdict(rounds)}
`.trim();
}

const titles: Readonly<Record<Step, string>> = {
    create: "first create s",
    change: "one service changed s",
    repeat: "nothing changed s",
};

const ways: Readonly<Record<WayName, string>> = {
    oneflow: "oneflow",
    plain: "plain Pulumi program, same objects",
    kubectl: "kubectl apply or set image, rollout status",
    helm: "helm install or upgrade, --wait",
};

/** A row for each way that the figure was taken of. */
function table(rounds: readonly ClusterRound[], figure: "wall" | "cpu"): string {
    const rows = (Object.keys(ways) as WayName[]).flatMap((way) => {
        const of = (step: Step) => rounds.map(({ taken }) => taken[step][way][figure] ?? NaN);
        return of("create").some(isNaN) ? [] : [[ways[way], ...steps.map((step) => spread(of(step)))]];
    });
    return columns([["", ...steps.map((step) => titles[step])], ...rows]);
}

function verdict(rounds: readonly ClusterRound[]): string {
    const { met } = judgeCluster(rounds);
    const rows = steps.map((step) => [
        titles[step].replace(/ s$/, ""),
        percent(median(shares(rounds, step))),
        shares(rounds, step).map(percent).join(" "),
    ]);
    return `oneflow's own share, (oneflow − plain) / plain
${indented(columns([["", "median", "round by round"], ...rows]))}
Bar ${met ? "met" : "MISSED"}: the median is at most ${percent(shareBar)} of the plain program, for each of the three.`;
}

function percent(part: number): string {
    return `${(100 * part).toFixed(0)} %`;
}
