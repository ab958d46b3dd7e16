/** How often something is tried, and how the time between two attempts passes. */
export interface Patience {
    /** Attempts in all, the first included. */
    attempts: number;
    pause: (milliseconds: number) => Promise<void>;
}

/** A failure that may pass: the same request can succeed in a moment. */
export class Transient extends Error {
    constructor(
        /** What the caller sees after the last of so many attempts. */
        readonly final: (attempts: number) => Error,
        /** Milliseconds that the server asked to wait. @default - it did not say */
        readonly retryAfter?: number,
    ) {
        super(final(1).message);
        this.name = "Transient";
    }
}

/**
 * Does the work again after a {@link Transient} failure, until the attempts are used up.
 *
 * @throws the last failure's `final`; whatever else the work throws at once
 */
export async function retry<T>(patience: Patience, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await work();
        } catch (failure) {
            if (!(failure instanceof Transient)) {
                throw failure;
            }
            if (attempt >= patience.attempts) {
                throw failure.final(attempt);
            }
            await patience.pause(Math.max(failure.retryAfter ?? 0, backoff(attempt, Math.random())));
        }
    }
}

/**
 * Milliseconds before the attempt after this one: doubling from a quarter of a second up to eight seconds.
 * Half of it is jitter, so that clients that were refused together do not come back together.
 *
 * @param attempt the attempt that failed, from 1
 * @param jitter from 0 to 1
 */
export function backoff(attempt: number, jitter: number): number {
    const whole = Math.min(8000, 250 * 2 ** (attempt - 1));
    return Math.round(whole / 2 + (whole / 2) * jitter);
}

/** Milliseconds that a `Retry-After` header asks for, at most two minutes: seconds or a date. Nothing where it says neither. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
    if (header === undefined) {
        return undefined;
    }
    const milliseconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
    return Number.isNaN(milliseconds) ? undefined : Math.min(120_000, Math.max(0, milliseconds));
}

const transientCodes = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ERR_STREAM_PREMATURE_CLOSE"]);

/** Whether a connection broke, as opposed to one that could never be made. */
export function isCut(failure: unknown): failure is Error {
    return failure instanceof Error && transientCodes.has((failure as NodeJS.ErrnoException).code ?? "");
}
