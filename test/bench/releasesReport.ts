import { columns } from "../../sandbox/columns";
import type { ReleaseCosts } from "./releases";

/** The costs for a reader: a table for each size. */
export function describeReleases(costs: readonly ReleaseCosts[]): string {
    const tables = costs.map(({ services, steps }) => {
        const rows = steps.map(({ step, requests, seconds, grown }) => [
            step,
            String(requests),
            (requests / services).toFixed(1),
            seconds.toFixed(2),
            `${(grown / 1024).toFixed(0)} KiB`,
        ]);
        const head = [`${services} services`, "requests", "for each", "seconds", "registry grows by"];
        return columns([head, ...rows]);
    });
    return [
        "Taken on the sandbox's registry, on the loopback: seconds say nothing of Artifact Registry. Images are of one small layer.",
        "A promotion is what one `pulumi up` asks: the decision in preview and update, the copies, the record.",
        ...tables,
    ].join("\n\n");
}
