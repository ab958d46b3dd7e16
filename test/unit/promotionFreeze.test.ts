import assert from "node:assert/strict";
import fc from "fast-check";
import { frozenAt } from "../../core/promotion/freeze";
import type { FreezeWindow } from "../../core/settings/model";

const weekend: FreezeWindow = { from: "Fri 16:00", to: "Mon 08:00", timezone: "Europe/Berlin" };
const until = (windows: FreezeWindow[], now: string) => frozenAt(windows, now)?.until;

describe("a freeze", () => {
    it("begins with its first minute and ends with its last, by the clocks of its time zone", () => {
        assert.equal(until([weekend], "2026-01-30T14:59:59.999Z"), undefined);
        assert.equal(until([weekend], "2026-01-30T15:00:00.000Z"), "Mon 2026-02-02 08:00 Europe/Berlin");
        assert.equal(until([weekend], "2026-02-02T06:59:59.999Z"), "Mon 2026-02-02 08:00 Europe/Berlin");
        assert.equal(until([weekend], "2026-02-02T07:00:00.000Z"), undefined);
    });

    it("keeps to the clocks when they change within it", () => {
        // Summer time begins on Sunday: Monday 08:00 is an hour earlier in UTC than Friday was.
        assert.equal(until([weekend], "2026-03-27T14:59:59Z"), undefined);
        assert.equal(until([weekend], "2026-03-27T15:00:00Z"), "Mon 2026-03-30 08:00 Europe/Berlin");
        assert.equal(until([weekend], "2026-03-30T05:59:59Z"), "Mon 2026-03-30 08:00 Europe/Berlin");
        assert.equal(until([weekend], "2026-03-30T06:00:00Z"), undefined);
    });

    it("begins or ends at the jump where the clocks leave its time out", () => {
        const window = (from: string, to: string) => [{ from, to, timezone: "Europe/Berlin" }];
        // 02:00 to 03:00 is left out on 2026-03-29, at 01:00 UTC.
        assert.equal(until(window("Sun 02:30", "Sun 05:00"), "2026-03-29T00:59:59Z"), undefined);
        assert.equal(until(window("Sun 02:30", "Sun 05:00"), "2026-03-29T01:00:00Z"), "Sun 2026-03-29 05:00 Europe/Berlin");
        assert.equal(until(window("Sat 20:00", "Sun 02:30"), "2026-03-29T00:59:59Z"), "Sun 2026-03-29 03:00 Europe/Berlin");
        assert.equal(until(window("Sat 20:00", "Sun 02:30"), "2026-03-29T01:00:00Z"), undefined);
    });

    it("begins with the first and ends with the second where the clocks show its time twice", () => {
        const window = (from: string, to: string) => [{ from, to, timezone: "Europe/Berlin" }];
        // 02:00 to 03:00 is shown twice on 2026-10-25, from 00:00 to 02:00 UTC.
        assert.equal(until(window("Sun 02:30", "Sun 05:00"), "2026-10-25T00:29:59Z"), undefined);
        assert.equal(until(window("Sun 02:30", "Sun 05:00"), "2026-10-25T00:30:00Z"), "Sun 2026-10-25 05:00 Europe/Berlin");
        assert.equal(until(window("Sun 02:30", "Sun 05:00"), "2026-10-25T01:05:00Z"), "Sun 2026-10-25 05:00 Europe/Berlin");
        assert.equal(until(window("Sat 20:00", "Sun 02:30"), "2026-10-25T01:29:59Z"), "Sun 2026-10-25 02:30 Europe/Berlin");
        assert.equal(until(window("Sat 20:00", "Sun 02:30"), "2026-10-25T01:30:00Z"), undefined);
    });

    it("of a day that a time zone never had begins and ends at once", () => {
        // Apia crossed the date line: after 29 December 2011 came the 31st, at 10:00 UTC of the 30th.
        const gone = [{ from: "2011-12-30 06:00", to: "2011-12-30 18:00", timezone: "Pacific/Apia" }];
        for (const now of ["2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z", "2011-12-30T10:00:01Z"]) {
            assert.equal(until(gone, now), undefined);
        }
    });

    it("from a time of a weekday to the same holds the whole week, and meets the next without an end", () => {
        const week = { from: "Mon 08:00", to: "Mon 08:00", timezone: "Europe/Berlin" };
        for (const now of ["2026-02-02T06:59:59Z", "2026-02-02T07:00:00Z", "2026-02-05T12:00:00Z"]) {
            assert.deepEqual(frozenAt([week], now), { windows: [week] });
        }
    });

    it("from a weekday to an earlier time of it lasts until a week later, and is over for the time between", () => {
        const week = [{ from: "Mon 08:00", to: "Mon 07:00", timezone: "UTC" }];
        assert.equal(until(week, "2026-02-09T06:59:59Z"), "Mon 2026-02-09 07:00 UTC");
        assert.equal(until(week, "2026-02-09T07:30:00Z"), undefined);
        assert.equal(until(week, "2026-02-09T08:00:00Z"), "Mon 2026-02-16 07:00 UTC");
    });

    it("by dates comes once", () => {
        const holidays = [{ from: "2026-12-24 12:00", to: "2027-01-04 08:00", timezone: "America/New_York" }];
        assert.equal(until(holidays, "2026-12-24T16:59:59Z"), undefined);
        assert.equal(until(holidays, "2026-12-24T17:00:00Z"), "Mon 2027-01-04 08:00 America/New_York");
        assert.equal(until(holidays, "2027-01-04T12:59:59Z"), "Mon 2027-01-04 08:00 America/New_York");
        assert.equal(until(holidays, "2027-01-04T13:00:00Z"), undefined);
        assert.equal(until(holidays, "2027-12-25T12:00:00Z"), undefined);
    });

    it("of windows that meet ends with the last of them", () => {
        const holidays = { from: "2026-12-28 00:00", to: "2027-01-01 12:00", timezone: "UTC" };
        assert.deepEqual(frozenAt([holidays, weekend], "2026-12-27T12:00:00Z"), {
            windows: [weekend, holidays],
            until: "Fri 2027-01-01 12:00 UTC",
        });
    });

    it("may wrap around the week's end, or last all but a minute of it", () => {
        const window = (from: string, to: string) => [{ from, to, timezone: "UTC" }];
        assert.equal(until(window("Sat 12:00", "Sat 11:00"), "2026-01-31T10:59:00Z"), "Sat 2026-01-31 11:00 UTC");
        assert.equal(until(window("Sat 12:00", "Sat 11:00"), "2026-01-31T11:00:00Z"), undefined);
        assert.equal(until(window("Sat 12:00", "Sat 11:00"), "2026-01-31T12:00:00Z"), "Sat 2026-02-07 11:00 UTC");
        assert.equal(until(window("Sat 12:00", "Sat 13:00"), "2026-01-31T12:30:00Z"), "Sat 2026-01-31 13:00 UTC");
    });

    it("that leaves no minute of the week free has no end", () => {
        const half = { from: "Mon 00:00", to: "Thu 00:00", timezone: "UTC" };
        const other = { from: "Thu 00:00", to: "Mon 00:00", timezone: "UTC" };
        assert.deepEqual(frozenAt([half, other], "2026-01-31T12:00:00Z"), { windows: [other, half] });
    });

    it("holds, in any time zone and week, whatever the clock shows between its two ends", () => {
        const zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"];
        const minuteOfWeek = fc.integer({ min: 0, max: 7 * 1440 - 1 });
        const moment = fc.integer({ min: Date.UTC(2020, 0, 1) / 60_000, max: Date.UTC(2036, 0, 1) / 60_000 });
        fc.assert(
            fc.property(fc.constantFrom(...zones), minuteOfWeek, minuteOfWeek, moment, (timezone, from, to, minute) => {
                fc.pre(from !== to);
                const now = minute * 60_000;
                const shown = (at: number) => minuteShown(at, timezone);
                const inside = (at: number) => (shown(at) - from + 7 * 1440) % (7 * 1440) < (to - from + 7 * 1440) % (7 * 1440);
                const steady = [-3, 3].every((hours) => sameOffset(now, now + hours * 3_600_000, timezone));
                const frozen = frozenAt([{ from: words(from), to: words(to), timezone }], new Date(now).toISOString());
                // Within hours of a change of clocks the window may be longer than the clock says, never shorter.
                assert.ok(frozen !== undefined || !inside(now) || !steady, "what is in the window is frozen");
                assert.ok(frozen === undefined || inside(now) || !steady, "what is outside of it is not");
            }),
            { seed: 20260131, numRuns: 300 },
        );
    });
});

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function words(minuteOfWeek: number): string {
    const two = (number: number) => String(number).padStart(2, "0");
    const minute = minuteOfWeek % 1440;
    return `${days[Math.floor(minuteOfWeek / 1440)]} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** As the platform's own formatting says it, which the windows are not computed by. */
function minuteShown(moment: number, timezone: string): number {
    const text = new Date(moment).toLocaleString("en-GB", {
        timeZone: timezone,
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
    });
    const [day, time] = text.replace(",", "").split(" ");
    const [hour, minute] = time.split(":").map(Number);
    return days.indexOf(day) * 1440 + (hour % 24) * 60 + minute;
}

function sameOffset(one: number, other: number, timezone: string): boolean {
    const apart = (other - one) / 60_000;
    return (minuteShown(one, timezone) + apart + 7 * 1440) % (7 * 1440) === minuteShown(other, timezone);
}
