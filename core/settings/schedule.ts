import type { Findings, Path } from "./findings";
import type { Schedule } from "./model";
import type { ServiceEntry } from "./schema/service";
import { isTimezone } from "./timezone";

/** When a cron runs. Reports what Kubernetes would not take as a schedule or time zone. */
export function readSchedule(
    { kind, schedule }: Pick<ServiceEntry, "kind" | "schedule">,
    path: Path,
    findings: Findings,
): { schedule?: Schedule } {
    const known = !findings.touches([...path, "schedule"]) && !findings.touches([...path, "kind"]);
    if (kind === "cron" && schedule === undefined && known) {
        findings.add([...path, "schedule"], "missing; a cron has a schedule", 'write schedule: "30 3 * * *"');
    }
    if (kind !== "cron" && schedule !== undefined && known) {
        findings.add([...path, "schedule"], `goes with kind: cron only, and the kind is ${kind ?? "service"}`, "write kind: cron");
    }
    if (schedule === undefined) {
        return {};
    }
    const read = typeof schedule === "string" ? { cron: schedule } : schedule;
    if (known) {
        const where = typeof schedule === "string" ? [] : ["cron"];
        for (const fault of scheduleFaults(read.cron)) {
            findings.add([...path, "schedule", ...where], fault);
        }
        if (read.timezone !== undefined && !isTimezone(read.timezone)) {
            findings.add(
                [...path, "schedule", "timezone"],
                `${JSON.stringify(read.timezone)} is not in the time zone database; expected Europe/Berlin, or UTC`,
            );
        }
    }
    return { schedule: read };
}

/**
 * What is wrong with a schedule of five fields, as Kubernetes' parser reads them (`github.com/robfig/cron`, standard): numbers
 * in the range of their field, names of months and days, `*`, `?`, lists, ranges upwards and steps. Sunday is 0, not 7.
 */
export function scheduleFaults(cron: string): string[] {
    if (cron.startsWith("@")) {
        return [];
    }
    return cron.split(" ").flatMap((text, index) => {
        const field = fields[index];
        const wrong = text.split(",").find((part) => !isPart(part, field));
        return wrong === undefined ? [] : [`${JSON.stringify(wrong)} is no ${field.name}; expected ${expectation(field)}`];
    });
}

interface Field {
    name: string;
    least: number;
    most: number;
    /** In the order of their numbers, from the least on. */
    names?: readonly string[];
}

const fields: readonly Field[] = [
    { name: "minute", least: 0, most: 59 },
    { name: "hour", least: 0, most: 23 },
    { name: "day of the month", least: 1, most: 31 },
    {
        name: "month",
        least: 1,
        most: 12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    { name: "day of the week", least: 0, most: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

function isPart(part: string, field: Field): boolean {
    const [range, step, ...more] = part.split("/");
    if (more.length > 0 || (step !== undefined && !/^0*[1-9][0-9]{0,8}$/.test(step))) {
        return false;
    }
    if (range === "*" || range === "?") {
        return true;
    }
    const ends = range.split("-").map((text) => numberIn(text, field));
    return ends.length <= 2 && ends.every((end) => end !== undefined) && ends[0]! <= ends.at(-1)!;
}

function numberIn(text: string, { least, most, names = [] }: Field): number | undefined {
    const named = names.indexOf(text.toLowerCase());
    const number = named >= 0 ? named + least : /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
}

function expectation({ least, most, names }: Field): string {
    const words = names ? `, ${names[0]} to ${names.at(-1)}` : "";
    return `${least} to ${most}${words}, ranges upwards, lists and steps of them, or *`;
}
