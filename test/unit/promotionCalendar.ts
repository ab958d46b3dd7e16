import type { FreezeWindow } from "../../core/settings/model";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
/** Further than any clock is ever put forward or back. */
const nearby = 3 * hour;

/** Whether any window is closed at a moment, in milliseconds. Said by what clocks on the wall show, minute by minute, and by nothing else. */
export function isFrozen(windows: readonly FreezeWindow[], moment: number): boolean {
    return windows.some((window) => isIn(window, moment));
}

/** The first half hour after a moment at which it is otherwise, frozen or not; all windows here change at one. Nothing within eight days: never. */
export function nextChange(windows: readonly FreezeWindow[], moment: number): number | undefined {
    const now = isFrozen(windows, moment);
    const half = hour / 2;
    for (let next = Math.floor(moment / half) * half + half; next < moment + week + day; next += half) {
        if (isFrozen(windows, next) !== now) {
            return next;
        }
    }
    return undefined;
}

/** What the wall shows: `Mon 2026-02-02 08:00`. */
export function wallText(moment: number, timezone: string): string {
    const shown = new Date(wall(moment, timezone)).toUTCString();
    return `${shown.slice(0, 3)} ${new Date(wall(moment, timezone)).toISOString().slice(0, 16).replace("T", " ")}`;
}

/** A window has begun once the clock has shown its beginning, and is over once no clock will show its end, or a time before it, again. */
function isIn({ from, to, timezone }: FreezeWindow, moment: number): boolean {
    const { shown, willShow } = shownAround(moment, timezone);
    if (/^\d/.test(from)) {
        return shown >= Date.parse(`${from.replace(" ", "T")}Z`) && willShow < Date.parse(`${to.replace(" ", "T")}Z`);
    }
    const length = (minuteOfWeek(to) - minuteOfWeek(from) + week) % week || week;
    const first = Math.floor(shown / week) * week + monday + minuteOfWeek(from);
    return [-2, -1, 0, 1].some((weeks) => shown >= first + weeks * week && willShow < first + weeks * week + length);
}

/** The latest time that the clock has shown until now, and the earliest that it will show from now on. */
function shownAround(moment: number, timezone: string): { shown: number; willShow: number } {
    const now = wall(moment, timezone);
    const changes = [moment - nearby, moment + nearby].some((other) => wall(other, timezone) - other !== now - moment);
    if (!changes) {
        return { shown: now, willShow: now };
    }
    const minutes = Array.from(
        { length: (2 * nearby) / minute },
        (_, index) => Math.floor(moment / minute) * minute - nearby + index * minute,
    );
    const before = minutes.filter((one) => one <= moment).map((one) => wall(one, timezone));
    // A time that the clock will show once more is none that it has passed.
    const after = minutes.filter((one) => one > moment).map((one) => wall(one, timezone) - 1);
    return { shown: Math.max(now, ...before), willShow: Math.min(now, ...after) };
}

/** The epoch was a Thursday. */
const monday = -3 * day;

function minuteOfWeek(text: string): number {
    const [name, time] = text.split(" ");
    const [hours, minutes] = time.split(":").map(Number);
    return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(name) * day + hours * hour + minutes * minute;
}

/** Time zone and half hour → how far its clocks are ahead of UTC: none is ever changed but at a half hour. */
const offsets = new Map<string, number>();

/** What the wall shows, as if it were UTC. */
function wall(moment: number, timezone: string): number {
    const half = Math.floor(moment / (hour / 2)) * (hour / 2);
    const known = offsets.get(`${timezone} ${half}`) ?? readWall(half, timezone) - half;
    offsets.set(`${timezone} ${half}`, known);
    return moment + known;
}

function readWall(moment: number, timeZone: string): number {
    const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
    return Date.parse(`${format.format(moment).replace(" ", "T")}Z`);
}
