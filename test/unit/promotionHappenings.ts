import fc from "fast-check";
import type { Override } from "../../core/promotion/model";
import type { FreezeWindow } from "../../core/settings/model";

export type EnvironmentName = "dev" | "stage" | "prod";

/** What may happen. Numbers are taken modulo whatever there is to choose from. */
export type Happening =
    | { kind: "push"; changed: readonly number[]; broken: boolean; lock: "whole" | "one missing" | "one too many" }
    | { kind: "hotfix"; of: number; changed: number; names: "its release" | "another release" | "no release" }
    | { kind: "release"; commit: number }
    | { kind: "retag"; release: number; commit: number }
    | { kind: "wait"; minutes: number }
    /** Until a freeze begins or ends, or a soak has lasted: a second before it, that very second, or one after. */
    | { kind: "waitUntil"; what: "freeze" | "soak"; of: "dev" | "stage"; secondsAfter: -1 | 0 | 1 }
    | { kind: "catalog"; image: number }
    | { kind: "settings"; service: number }
    | {
          kind: "promote";
          to: EnvironmentName;
          ref: Ref;
          pins: readonly { service: number; ref: Ref }[];
          luck: Luck;
          override?: Override;
      }
    | { kind: "again"; to: EnvironmentName; luck: Luck }
    | { kind: "outsider"; over: "tag" | "lock"; service: number; commit: number }
    | { kind: "cleanup"; service: number; commit: number };

/** The ref that a person asks for: what the environment before asks for, what ran there before that, some commit or release, `latest` (dev), or nonsense. */
export type Ref =
    | { kind: "before" | "former" | "latest" | "hotfix" | "unknown" | "unreleased" | "malformed" }
    | { kind: "commit" | "release"; index: number };

/** How a deployment ends where the images themselves are sound. */
export type Luck = "healthy" | "rolloutFails" | "recordBreaksOff";

/** What a team has chosen, and when its history begins. */
export interface House {
    /** How long a set soaks before stage and prod. */
    soakMinutes: number;
    /** Where releases alone are accepted. */
    releases: readonly EnvironmentName[];
    /** Whether stage takes hotfixes. */
    hotfixes: boolean;
    frozen?: { environment: EnvironmentName; windows: readonly FreezeWindow[] };
    /** Whether deployments run from a checkout that knows its newest commit alone. */
    shallow: boolean;
    /** ISO 8601 */
    begins: string;
}

/** A team that has chosen nothing. Its history begins late on a Saturday. */
export const plainHouse: House = { soakMinutes: 0, releases: [], hotfixes: false, shallow: false, begins: "2026-01-31T23:59:00Z" };

/** A freeze on Sundays, from 10:00 to 16:00. */
export const sundays: readonly FreezeWindow[] = [{ from: "Sun 10:00", to: "Sun 16:00", timezone: "UTC" }];

const berlin = (from: string, to: string): FreezeWindow => ({ from, to, timezone: "Europe/Berlin" });
/** Weekends, days, windows that meet, and such as begin or end while clocks are put forward or back. */
const freezes: readonly (readonly FreezeWindow[])[] = [
    sundays,
    [berlin("Fri 16:00", "Mon 08:00")],
    [berlin("Sun 02:00", "Sun 02:30")],
    [berlin("Sun 02:30", "Sun 03:00")],
    [berlin("Sat 22:00", "Sun 02:30"), berlin("Sun 02:30", "Sun 04:00")],
    [{ from: "Sun 01:30", to: "Sun 02:30", timezone: "America/New_York" }],
    [{ from: "Sun 16:00", to: "Sun 10:00", timezone: "America/New_York" }],
    [{ from: "Sun 09:00", to: "Sun 11:00", timezone: "Pacific/Auckland" }],
    [berlin("2026-03-28 22:00", "2026-03-29 02:30")],
    [berlin("2026-10-25 02:30", "2026-10-26 08:00"), berlin("2026-02-01 02:00", "2026-02-01 03:00")],
];
const neverFree = [berlin("Mon 00:00", "Thu 00:00"), berlin("Thu 00:00", "Mon 00:00")];

/** In the last four the clocks of Berlin, New York, Berlin and New York change within a day. */
const beginnings = [
    plainHouse.begins,
    "2026-03-28T20:30:00Z",
    "2026-03-07T23:30:00Z",
    "2026-10-24T20:30:00Z",
    "2026-10-31T23:30:00Z",
];

export const houses: fc.Arbitrary<House> = fc.record({
    soakMinutes: fc.constantFrom(0, 30),
    releases: fc.constantFrom<EnvironmentName[]>([], [], [], ["prod"], ["stage", "prod"]),
    hotfixes: fc.boolean(),
    frozen: fc.oneof(
        { weight: 1, arbitrary: fc.constant(undefined) },
        {
            weight: 1,
            arbitrary: fc.record({
                environment: fc.constantFrom<EnvironmentName>("dev", "dev", "stage", "prod"),
                windows: fc.oneof(
                    { weight: 20, arbitrary: fc.constantFrom(...freezes) },
                    { weight: 1, arbitrary: fc.constant(neverFree) },
                ),
            }),
        },
    ),
    shallow: fc.integer({ min: 0, max: 5 }).map((value) => value === 0),
    begins: fc.constantFrom(...beginnings),
});

const number = fc.nat({ max: 60 });
const environment = fc.constantFrom<EnvironmentName>("dev", "dev", "stage", "stage", "prod");
const luck = fc.oneof(
    { weight: 8, arbitrary: fc.constant<Luck>("healthy") },
    { weight: 1, arbitrary: fc.constantFrom<Luck>("rolloutFails", "recordBreaksOff") },
);
const ref: fc.Arbitrary<Ref> = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Ref>({ kind: "before" }) },
    { weight: 4, arbitrary: number.map((index): Ref => ({ kind: "commit", index })) },
    { weight: 3, arbitrary: number.map((index): Ref => ({ kind: "release", index })) },
    {
        weight: 1,
        arbitrary: fc.constantFrom<Ref>(
            { kind: "latest" },
            { kind: "former" },
            { kind: "hotfix" },
            { kind: "unknown" },
            { kind: "unreleased" },
            { kind: "malformed" },
        ),
    },
);
const pins = fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ service: number, ref }), { minLength: 1, maxLength: 2 }) },
    { weight: 2, arbitrary: fc.record({ service: number, ref: fc.constant<Ref>({ kind: "former" }) }).map((pin) => [pin]) },
);
const seldom = fc.integer({ min: 0, max: 15 }).map((value) => value === 0);
const override = fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    {
        weight: 1,
        arbitrary: fc.record({
            rules: fc.oneof(
                fc.constant(["accepts", "settings-differ", "order", "hotfix", "soak", "freeze"]),
                fc.subarray(["accepts", "settings-differ", "order", "hotfix", "soak", "freeze", "movedTag", "weather"], {
                    minLength: 1,
                    maxLength: 2,
                }),
            ),
            reason: fc.constantFrom("customers cannot pay", "customers cannot pay", " "),
        }),
    },
);

const happening: fc.Arbitrary<Happening> = fc.oneof(
    {
        weight: 5,
        arbitrary: fc.record({
            kind: fc.constant("push" as const),
            changed: fc.array(number, { maxLength: 2 }),
            broken: seldom,
            lock: fc.oneof(
                { weight: 8, arbitrary: fc.constant("whole" as const) },
                { weight: 1, arbitrary: fc.constantFrom("one missing" as const, "one too many" as const) },
            ),
        }),
    },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant("promote" as const), to: environment, ref, pins, luck, override }) },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("promote" as const),
            to: fc.constant<EnvironmentName>("stage"),
            ref: fc.constant<Ref>({ kind: "hotfix" }),
            pins: fc.constant([]),
            luck,
            override,
        }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("hotfix" as const),
            of: number,
            changed: number,
            names: fc.constantFrom(
                "its release" as const,
                "its release" as const,
                "another release" as const,
                "no release" as const,
            ),
        }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), commit: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("retag" as const), release: number, commit: number }) },
    {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.constantFrom(1, 1, 5, 29, 30, 31, 60, 600) }),
    },
    {
        weight: 2,
        arbitrary: fc.record({
            kind: fc.constant("waitUntil" as const),
            what: fc.constantFrom("freeze" as const, "soak" as const),
            of: fc.constantFrom("dev" as const, "stage" as const),
            secondsAfter: fc.constantFrom(-1 as const, 0 as const, 0 as const, 1 as const),
        }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("again" as const), to: environment, luck }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("catalog" as const), image: number }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("settings" as const), service: number }) },
    {
        weight: 1,
        arbitrary: fc.record({
            kind: fc.constant("outsider" as const),
            over: fc.constantFrom("tag" as const, "tag" as const, "lock" as const),
            service: number,
            commit: number,
        }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cleanup" as const), service: number, commit: number }) },
);

const firstPush: Happening & { kind: "push" } = { kind: "push", changed: [], broken: false, lock: "whole" };
const onward = (to: EnvironmentName): Happening => ({
    kind: "promote",
    to,
    ref: { kind: "before" },
    pins: [],
    luck: "healthy",
});
const asks = (to: EnvironmentName, index: number, pinned: readonly number[] = []): Happening => ({
    kind: "promote",
    to,
    ref: pinned.length === 0 ? { kind: "commit", index } : { kind: "before" },
    pins: pinned.map((service) => ({ service, ref: { kind: "commit", index } })),
    luck: "healthy",
});
/** Two versions take turns in dev, none for long, and stage asks for the one that went, and for one service of it. */
const toAndFro: Happening[] = [
    firstPush,
    onward("dev"),
    { kind: "push", changed: [0, 1], broken: false, lock: "whole" },
    onward("dev"),
    asks("dev", 0),
    onward("dev"),
    asks("stage", 0),
    asks("stage", 0, [0]),
];
/** A service has come since, and is kept by a pin while all others go back to what ran before it. */
const backButOne: Happening[] = [
    firstPush,
    onward("dev"),
    { kind: "catalog", image: 4 },
    { kind: "push", changed: [0], broken: false, lock: "whole" },
    onward("dev"),
    {
        kind: "promote",
        to: "dev",
        ref: { kind: "commit", index: 0 },
        pins: [{ service: 3, ref: { kind: "commit", index: 1 } }],
        luck: "healthy",
    },
];
/** How far a team has come before anything else happens. */
const start = fc.constantFrom<Happening[]>(
    [firstPush],
    [firstPush, onward("dev")],
    [firstPush, onward("dev"), { kind: "wait", minutes: 31 }, onward("stage")],
    [{ ...firstPush, lock: "one missing" }, asks("dev", 0)],
    toAndFro,
    backButOne,
    [firstPush, { kind: "release", commit: 0 }, onward("dev"), { kind: "wait", minutes: 31 }, onward("stage"), onward("prod")],
);

/** At least thirty things that happen, after a start. */
export const histories = fc
    .tuple(start, fc.array(happening, { minLength: 30, maxLength: 40, size: "max" }))
    .map(([first, rest]) => [...first, ...rest]);
