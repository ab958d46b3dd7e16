import type { Findings, Path } from "./findings";
import type { Service } from "./model";
import type { AutoscaleEntry, ServiceEntry } from "./schema/service";

/** The bounds for the number of pods, where the service or its environment asks for them. */
export function readAutoscale(
    { kind, replicas, autoscale, health }: Pick<ServiceEntry, "kind" | "replicas" | "health"> & { autoscale?: AutoscaleEntry },
    resources: Service["resources"],
    path: Path,
    findings: Findings,
): Pick<Service, "autoscale"> {
    if (kind === "cron") {
        for (const [key] of Object.entries({ replicas, autoscale, health }).filter(([, value]) => value !== undefined)) {
            findings.add([...path, key], `a cron has no ${key}: it runs one pod, to its end`, "delete the line");
        }
        return {};
    }
    if (autoscale === undefined) {
        return {};
    }
    const { min, max, cpu = 80 } = autoscale;
    if (replicas !== undefined) {
        findings.add(
            [...path, "autoscale"],
            `stands beside replicas: ${replicas}; expected one of the two`,
            "delete replicas: min and max are the bounds",
        );
    }
    if (max < min) {
        findings.add([...path, "autoscale", "max"], `${max} is less than the ${min} of min`);
    }
    if (resources.requests.cpu === undefined && !findings.touches([...path, "resources"])) {
        findings.add(
            [...path, "autoscale"],
            "nothing says how much CPU a pod has, and its use is counted in percent of that",
            "write resources: { cpu: 100m }",
        );
    }
    return { autoscale: { min, max, cpu } };
}
