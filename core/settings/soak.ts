import type { Findings, Path } from "./findings";
import { seconds } from "./quantity";
import type { EnvironmentEntry } from "./schema/stack";

/** How long a set must have run in the environment before: the first has none that it could have run in. */
export function readSoak(
    { soak, promotesFrom }: Pick<EnvironmentEntry, "soak" | "promotesFrom">,
    path: Path,
    findings: Findings,
): { soakSeconds?: number } {
    if (soak === undefined) {
        return {};
    }
    if (promotesFrom === undefined && !findings.touches([...path.slice(0, -1), "promotesFrom"])) {
        findings.add(path, "goes with promotesFrom: no environment is before this one, for a set to run in", "delete the line");
    }
    return seconds(soak) === 0 ? {} : { soakSeconds: seconds(soak) };
}
