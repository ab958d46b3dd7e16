import type { Findings, Path } from "./findings";
import type { Cluster } from "./model";

/** The clusters that are deployed to, wave by wave in the order of a promotion. Within a wave they keep the order of the file. */
export function inWaves(clusters: readonly Cluster[]): Cluster[][] {
    const deployed = clusters.filter(({ suspended }) => !suspended);
    const numbers = [...new Set(deployed.map(waveOf))].sort((one, other) => one - other);
    return numbers.map((number) => deployed.filter((cluster) => waveOf(cluster) === number));
}

/** Refuses a list in which every cluster is suspended: what is asked for would run nowhere, and be recorded as healthy. */
export function refuseNothingLeft(clusters: readonly Cluster[], path: Path, findings: Findings): void {
    if (clusters.length > 0 && clusters.every(({ suspended }) => suspended)) {
        findings.add(
            path,
            `${clusters.length === 1 ? "the one cluster is" : `all ${clusters.length} clusters are`} suspended: nothing would be deployed to`,
            "take suspended out of one of them; to hold the whole environment, leave its commit as it is",
        );
    }
}

function waveOf({ wave = 1 }: Cluster): number {
    return wave;
}
