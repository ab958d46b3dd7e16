import type { Problem } from "../refusal";
import type { EnvironmentFile } from "./environments";
import type { Project } from "./stackFile";
import { orKnown, suggest } from "./suggest";

/** The environments in promotion order: each after the one that it promotes from. Those of a broken chain stand last. */
export function inPromotionOrder(files: readonly EnvironmentFile[], project: Project, problems: Problem[]): EnvironmentFile[] {
    const names = files.map(({ name }) => name);
    const key = `${project.name}:environment.promotesFrom`;
    for (const { name, entry, findings } of files) {
        const before = entry.promotesFrom;
        if (before !== undefined && !names.includes(before)) {
            const meant = suggest(before, names);
            findings.add(
                [`${project.name}:environment`, "promotesFrom"],
                `${JSON.stringify(before)} is no environment; ${orKnown(before, names, "environments")}`,
                meant && `pulumi config set --path environment.promotesFrom ${meant} -s ${name}`,
            );
        }
    }
    const cycles = findCycles(files);
    for (const cycle of cycles) {
        problems.push({
            subject: cycle.map((name) => `Pulumi.${name}.yaml`).join(", ") + `: ${key}`,
            message: `${[...cycle, cycle[0]].join(" promotes from ")}: a circle that no commit can enter`,
            remedy: "take promotesFrom out of the first environment's file",
        });
    }
    const firsts = files.filter(({ entry, unclear }) => entry.promotesFrom === undefined && !unclear);
    if (firsts.length > 1) {
        problems.push({
            subject: `${firsts.map(({ file }) => file).join(", ")}: ${key}`,
            message: `${firsts.map(({ name }) => name).join(" and ")} promote from nothing; exactly one environment is the first, where builds arrive`,
            remedy: firsts
                .slice(1)
                .map(({ name }) => `pulumi config set --path environment.promotesFrom ${firsts[0].name} -s ${name}`)
                .join("\n"),
        });
    }
    const ordered = [...firsts];
    for (let index = 0; index < ordered.length; index++) {
        ordered.push(...files.filter(({ entry }) => entry.promotesFrom === ordered[index].name));
    }
    return [...ordered, ...files.filter((file) => !ordered.includes(file))];
}

/** The tier that an environment has by its place: builds arrive in `develop`, `stable` is last, a `release-candidate` leads to it. */
export function tierByPlace(name: string, files: readonly EnvironmentFile[]): string {
    const after = (before: string) => files.filter(({ entry }) => entry.promotesFrom === before);
    if (files.find((file) => file.name === name)?.entry.promotesFrom === undefined) {
        return "develop";
    }
    const next = after(name);
    if (next.length === 0) {
        return "stable";
    }
    return next.some((file) => after(file.name).length === 0) ? "release-candidate" : `candidate-${name}`;
}

function findCycles(files: readonly EnvironmentFile[]): string[][] {
    const before = new Map(files.map(({ name, entry }) => [name, entry.promotesFrom]));
    const cycles = new Map<string, string[]>();
    for (const { name } of files) {
        const seen: string[] = [];
        let at: string | undefined = name;
        while (at !== undefined && before.has(at) && !seen.includes(at)) {
            seen.push(at);
            at = before.get(at);
        }
        if (at !== undefined && seen.includes(at)) {
            const cycle = seen.slice(seen.indexOf(at));
            const start = cycle.indexOf([...cycle].sort()[0]);
            const canonical = [...cycle.slice(start), ...cycle.slice(0, start)];
            cycles.set(canonical[0], canonical);
        }
    }
    return [...cycles.values()];
}
