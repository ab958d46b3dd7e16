import { podTrouble } from "./podTrouble";
import type { LiveObject, Obstacle } from "./observed";

/** What is wrong with pods, one sentence for each that has something against it. */
export function reasonsOf(pods: readonly LiveObject[]): string[] {
    return pods.flatMap((pod) => podTrouble(pod)?.reason ?? []);
}

/** What holds pods up, by their uid. */
export function obstaclesOf(pods: readonly LiveObject[]): Record<string, Obstacle> {
    const obstacles = pods.map((pod) => [pod.metadata.uid!, podTrouble(pod)?.obstacle] as const);
    return Object.fromEntries(obstacles.filter((entry): entry is readonly [string, Obstacle] => entry[1] !== undefined));
}
