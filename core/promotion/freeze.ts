import { parseMoment, weekdays } from "../settings/freeze";
import type { FreezeWindow } from "../settings/model";

/** A freeze that is in force. */
export interface Frozen {
    /** The windows that keep it closed until then, in the order in which they begin to count. */
    windows: readonly FreezeWindow[];
    /** When changes are allowed again, as the last window's clocks will show it: `Mon 2026-02-02 08:00 Europe/Berlin`. Absent: never. */
    until?: string;
}

/**
 * Whether a moment lies in a window, and when the freeze ends: windows that meet are one.
 *
 * Clocks that are put forward leave out a time of day, clocks that are put back show one twice. A window begins when the clock first
 * shows its beginning or more, and ends when the clock shows its end for the last time, or more for good: so it is never shorter than it reads.
 *
 * @param now ISO 8601
 */
export function frozenAt(windows: readonly FreezeWindow[], now: string): Frozen | undefined {
    const met: FreezeWindow[] = [];
    let moment = Date.parse(now);
    // Windows of every week may leave no minute of it free.
    while (met.length < mostMeeting) {
        const [next] = windows.flatMap((window) => {
            const end = endAt(window, moment);
            return end === undefined ? [] : [{ window, end }];
        });
        if (!next) {
            break;
        }
        met.push(next.window);
        moment = next.end;
    }
    const last = met.at(-1);
    const until = last && met.length < mostMeeting && `${wallClock(moment, last.timezone)} ${last.timezone}`;
    return last && { windows: [...new Set(met)], ...(until && { until }) };
}

/** How many windows may follow each other, until it is a freeze without an end. */
const mostMeeting = 50;

/** When the occurrence of a window that a moment lies in ends. Nothing where it lies in none. */
function endAt({ from, to, timezone }: FreezeWindow, moment: number): number | undefined {
    const clock = clockOf(timezone);
    const [begins, ends] = [parseMoment(from), parseMoment(to)];
    const occurrences: [number, number][] = [];
    if (begins.date !== undefined && ends.date !== undefined) {
        occurrences.push([Date.parse(begins.date), Date.parse(ends.date)]);
    } else {
        const today = startOfDay(moment + clock(moment));
        const time = (one: typeof begins) => one.hour * 60 + one.minute;
        const apart = (ends.weekday! - begins.weekday! + 7) % 7 || (time(ends) <= time(begins) ? 7 : 0);
        // A window is a week long at most, and a time zone's day may have begun when UTC's has not.
        for (let back = -1; back <= 7; back++) {
            const day = today - back * dayLong;
            if (new Date(day).getUTCDay() === begins.weekday) {
                occurrences.push([day, day + apart * dayLong]);
            }
        }
    }
    const wall = (day: number, { hour, minute }: typeof begins) => day + (hour * 60 + minute) * 60_000;
    return occurrences
        .map(([first, last]) => ({
            begin: instants(wall(first, begins), clock).first,
            end: instants(wall(last, ends), clock).last,
        }))
        .find(({ begin, end }) => begin <= moment && moment < end)?.end;
}

/** How far, in milliseconds, the clocks of a time zone are ahead of UTC at a moment. */
type Clock = (moment: number) => number;

/**
 * The first and the last moment at which the clocks show a time. Where they never do, both are the moment at which they jump over it.
 *
 * @param wall the time as if it were UTC's
 */
function instants(wall: number, clock: Clock): { first: number; last: number } {
    const offsets = [clock(wall - dayLong), clock(wall + dayLong)];
    const shown = offsets.map((offset) => wall - offset).filter((moment) => moment + clock(moment) === wall);
    if (shown.length > 0) {
        return { first: Math.min(...shown), last: Math.max(...shown) };
    }
    let [before, after] = [wall - Math.max(...offsets), wall - Math.min(...offsets)];
    while (after - before > 1) {
        const middle = Math.floor((before + after) / 2);
        if (middle + clock(middle) < wall) {
            before = middle;
        } else {
            after = middle;
        }
    }
    return { first: after, last: after };
}

function clockOf(timezone: string): Clock {
    const format = new Intl.DateTimeFormat("en-US", {
        timeZone: timezone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
    });
    return (moment) => {
        const part = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
        const shown = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
        return shown - Math.floor(moment / 1000) * 1000;
    };
}

function wallClock(moment: number, timezone: string): string {
    const shown = new Date(moment + clockOf(timezone)(moment));
    return `${weekdays[shown.getUTCDay()]} ${shown.toISOString().slice(0, 16).replace("T", " ")}`;
}

function startOfDay(moment: number): number {
    return Math.floor(moment / dayLong) * dayLong;
}

const dayLong = 24 * 60 * 60_000;
