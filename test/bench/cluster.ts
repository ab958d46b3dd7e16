import assert from "node:assert/strict";
import type { ClusterClient, ClusterObject, Manifest } from "../../sandbox/kubernetes/clusterClient";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { stackVariables } from "../../sandbox/world/engine";
import { Helm } from "./clusterHelm";
import { Kubectl } from "./clusterKubectl";
import { Oneflow } from "./clusterOneflow";
import { type ClusterWorld, copyNamespace } from "./clusterWorld";
import { PlainProgram } from "./plainProgram";
import { pushChange } from "./promotion";
import { median } from "./statistics";
import { TimedPulumi } from "./timedPulumi";
import { type Deployment, deployments, movedTo, type Step, steps, type Taken, type Way, type WayName } from "./way";

/** One round: every way does a step before any does the next, so what is compared was taken within the same minute. */
export interface ClusterRound {
    taken: Record<Step, Record<WayName, Taken>>;
    /** How many objects each way made. */
    objects: number;
}

/** How much longer than the plain program oneflow may take, as a part of what that one takes: the median of the rounds. */
export const shareBar = 0.2;

/** What of a step is oneflow's own, as a part of what the plain program takes, round by round. */
export function shares(rounds: readonly ClusterRound[], step: Step): number[] {
    return rounds.map(({ taken }) => taken[step].oneflow.wall / taken[step].plain.wall - 1);
}

/** The median share of each step, and whether all are within the bar. */
export function judgeCluster(rounds: readonly ClusterRound[]): { shares: Record<Step, number>; bar: number; met: boolean } {
    const medians = Object.fromEntries(steps.map((step) => [step, median(shares(rounds, step))])) as Record<Step, number>;
    return { shares: medians, bar: shareBar, met: Object.values(medians).every((share) => share <= shareBar) };
}

/** Runs all ways in turn, step by step: one round to warm up, which is not counted, then as many as asked for. */
export async function measureCluster(
    place: ClusterWorld,
    { root, rounds, progress }: { root: string; rounds: number; progress: (line: string) => void },
): Promise<ClusterRound[]> {
    const { world, delivery, admin, context } = place;
    const variables = await stackVariables(world.layout, world.daemon, "dev");
    const installation = { root, variables, pulumi: await TimedPulumi.in(root) };
    const oneflow = new Oneflow(delivery, installation);
    const names = {
        plain: `${oneflow.namespace}-plain`,
        kubectl: `${oneflow.namespace}-kubectl`,
        helm: `${oneflow.namespace}-helm`,
    };
    for (const name of Object.values(names)) await copyNamespace(admin, oneflow.namespace, name);
    const others: Way[] = [
        await PlainProgram.install(names.plain, context, installation),
        new Kubectl(names.kubectl, { program: await toolPath("kubectl"), context, installation }),
        new Helm(names.helm, { program: await toolPath("helm"), context, installation }),
    ];
    const taken: ClusterRound[] = [];
    await delivery.push();
    for (let number = 0; number <= rounds; number++) {
        const round: ClusterRound = { taken: {} as ClusterRound["taken"], objects: 0 };
        for (const step of steps) {
            if (step !== "repeat") await pushChange(delivery, `The bench's round ${number}: ${step}`);
            const figures: Partial<Record<WayName, Taken>> = { oneflow: await oneflow.deploy(step) };
            const objects = await oneflow.objects();
            await requireRunning(admin, oneflow.namespace, objects);
            for (const way of others) {
                figures[way.name] = await way.deploy(step, movedTo(way.namespace, objects));
                await requireRunning(admin, way.namespace, objects);
            }
            round.taken[step] = figures as Record<WayName, Taken>;
            round.objects = objects.length;
            if (number > 0) progress(`Round ${number} of ${rounds}, ${step}: ${inWords(round.taken[step])} s.`);
        }
        for (const way of [oneflow, ...others]) await way.remove();
        if (number > 0) taken.push(round);
    }
    return taken;
}

/** Ways end where each looks, the API server's own count may be a moment behind. @throws AssertionError where something else is there */
async function requireRunning(admin: ClusterClient, namespace: string, objects: readonly Manifest[]): Promise<void> {
    const collection = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const there = await admin.until<LiveDeployment>(collection, (all) =>
        all.every(({ spec, status }) => status.updatedReplicas === spec.replicas && status.availableReplicas === spec.replicas),
    );
    assert.deepEqual(there.map(imagesOf).sort(), deployments(objects).map(imagesOf).sort(), `what runs in ${namespace}`);
}

type LiveDeployment = Deployment & ClusterObject & { status: { updatedReplicas?: number; availableReplicas?: number } };

function imagesOf({ metadata, spec }: Deployment): string {
    return [metadata.name, spec.replicas, ...spec.template.spec.containers.map(({ image }) => image)].join(" ");
}

function inWords(figures: Readonly<Record<WayName, Taken>>): string {
    return Object.entries(figures)
        .map(([name, { wall }]) => `${name} ${wall.toFixed(2)}`)
        .join(", ");
}
