import type { Resources } from "./model";
import type { ResourcesEntry } from "./schema/service";

/** Seconds of a duration such as `15s`, `2m` or `1h`. */
export function seconds(duration: string): number {
    return Number.parseInt(duration, 10) * { s: 1, m: 60, h: 3600 }[duration.at(-1) as "s" | "m" | "h"];
}

/** A Kubernetes quantity as a number, to compare two of them: cores, or bytes. */
export function amount(quantity: string): number {
    const unit = /[A-Za-z]+$/.exec(quantity)?.[0] ?? "";
    return Number.parseFloat(quantity) * (units[unit] ?? 1);
}

const units: Record<string, number> = {
    m: 1e-3,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
};

/**
 * What the entry says on top of what held before: a request that is given anew takes its limit along,
 * unless a limit is given too.
 */
export function withResources(
    before: { requests: Resources; limits: Resources },
    { cpu, memory, limits = {} }: ResourcesEntry = {},
): { requests: Resources; limits: Resources } {
    const requests = present({ cpu, memory });
    return { requests: { ...before.requests, ...requests }, limits: { ...before.limits, ...requests, ...present(limits) } };
}

function present(resources: Resources): Resources {
    return Object.fromEntries(Object.entries(resources).filter(([, quantity]) => quantity !== undefined));
}
