import assert from "node:assert/strict";
import { scheduleFaults } from "../../core/settings/schedule";
import { catalog, problemsOf } from "./settingsFixture";

describe("a cron's schedule", () => {
    it("is read as Kubernetes reads it: ranges upwards, lists, steps, names of months and days in any case", () => {
        for (const cron of ["30 3 * * 1-5", "*/5 8-18 * * mon-FRI", "0,30 0-23/6 1,15 jan-Mar ?", "? ? 31 12 0", "@daily"]) {
            assert.deepEqual(scheduleFaults(cron), [], cron);
        }
    });

    it("names every field that is out of its range, and what the range is", () => {
        assert.deepEqual(scheduleFaults("60 24 0 13 7"), [
            '"60" is no minute; expected 0 to 59, ranges upwards, lists and steps of them, or *',
            '"24" is no hour; expected 0 to 23, ranges upwards, lists and steps of them, or *',
            '"0" is no day of the month; expected 1 to 31, ranges upwards, lists and steps of them, or *',
            '"13" is no month; expected 1 to 12, jan to dec, ranges upwards, lists and steps of them, or *',
            '"7" is no day of the week; expected 0 to 6, sun to sat, ranges upwards, lists and steps of them, or *',
        ]);
    });

    it("has no range downwards or without an end, and no step of nothing", () => {
        for (const wrong of ["5-2", "1-", "-1", "1-2-3", "*/0", "*/", "1/2/3", ""]) {
            assert.equal(scheduleFaults(`${wrong} * * * *`).length, 1, wrong);
        }
    });

    it("is refused with its place in the file, as is a time zone that nobody knows", () => {
        const cart = { source: "src/cart", kind: "cron", schedule: { cron: "0 25 * * *", timezone: "Nowhere/Land" } };
        assert.deepEqual(
            problemsOf(catalog({ cart })).map(({ subject, message }) => `${subject}: ${message}`),
            [
                'services.yaml: services.cart.schedule.cron: "25" is no hour; expected 0 to 23, ranges upwards, lists and steps of them, or *',
                'services.yaml: services.cart.schedule.timezone: "Nowhere/Land" is not in the time zone database; expected Europe/Berlin, or UTC',
            ],
        );
    });
});
