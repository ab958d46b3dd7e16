import type { Findings, Path } from "./findings";
import type { FreezeWindow } from "./model";
import type { FreezeEntry } from "./schema/stack";
import { isTimezone } from "./timezone";

/** When no image may change. Reports windows that end before they begin, mix the two forms, or name a day that no calendar has. */
export function readFreeze(entries: readonly FreezeEntry[], path: Path, findings: Findings): FreezeWindow[] {
    return entries.map(({ from, to, timezone = "UTC" }, index) => {
        const place = [...path, index];
        if (!isTimezone(timezone)) {
            const message = `${JSON.stringify(timezone)} is not in the time zone database; expected Europe/Berlin, or UTC`;
            findings.add([...place, "timezone"], message);
        }
        const unreal = [["from", from] as const, ["to", to] as const].filter(([, moment]) => !isReal(moment));
        for (const [key, moment] of unreal) {
            findings.add([...place, key], `${JSON.stringify(moment)} names a day that no calendar has`);
        }
        const fault = unreal.length > 0 ? undefined : faultOf(from, to);
        if (fault) {
            findings.add(place, fault);
        }
        return { from, to, timezone };
    });
}

/** A minute of a week, or of a day: what stands in front of the time. */
export interface Moment {
    /** 0 is Sunday. Absent: a date. */
    weekday?: number;
    /** `2026-12-24`. Absent: every week. */
    date?: string;
    hour: number;
    minute: number;
}

/** Reads `Fri 16:00` and `2026-12-24 16:00`, which the schema has found to be one of the two. */
export function parseMoment(text: string): Moment {
    const [day, time] = text.split(" ");
    const [hour, minute] = time.split(":").map(Number);
    const weekday = weekdays.indexOf(day);
    return weekday < 0 ? { date: day, hour, minute } : { weekday, hour, minute };
}

export const weekdays: readonly string[] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function isReal(moment: string): boolean {
    const { date } = parseMoment(moment);
    return date === undefined || (!Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date));
}

function faultOf(from: string, to: string): string | undefined {
    const dated = [from, to].map((moment) => parseMoment(moment).date !== undefined);
    if (dated[0] !== dated[1]) {
        return `${JSON.stringify(from)} and ${JSON.stringify(to)} are of two kinds; expected two days of the week, or two dates`;
    }
    if (from === to) {
        return `begins and ends ${dated[0] ? "at" : "on"} ${from}: expected a window of a minute or more`;
    }
    return dated[0] && to < from ? `ends at ${to}, before it begins at ${from}` : undefined;
}
