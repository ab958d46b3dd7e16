/** One reason why something was refused, written for a person at 3 a.m. */
export interface Problem {
    /** What the reason is about: a config path, a service, an environment. */
    subject: string;
    /** What was refused, with the value, the cause and what was expected. May hold several lines. */
    message: string;
    /** The next command to type or the edit to make. @default - nothing can be done but what the message says */
    remedy?: string;
}

/**
 * A refusal with all its reasons at once. Whoever throws it has changed nothing.
 *
 * The command line prints {@link Refusal.message} without a stack trace and exits with {@link Refusal.exitCode}.
 */
export class Refusal extends Error {
    /** Exit code of a command that was refused, as opposed to one that broke (1). */
    static readonly exitCode = 2;

    constructor(
        /** What was refused, without a full stop: `Promotion to prod refused, nothing was changed`. */
        readonly title: string,
        readonly problems: readonly Problem[],
    ) {
        super(formatRefusal(title, problems));
        this.name = "Refusal";
    }
}

/**
 * The report as it is printed: subjects in a column, each message beside its subject, each remedy behind an arrow.
 * A subject that is too long for a column, such as a config path, stands on a line of its own.
 */
export function formatRefusal(title: string, problems: readonly Problem[]): string {
    const width = Math.max(2, ...problems.map(({ subject }) => subject.length).filter((length) => length <= 28));
    const margin = " ".repeat(width + 4);
    const lines = problems.flatMap(({ subject, message, remedy }) => {
        const [first, ...rest] = [...message.split("\n"), ...(remedy ? remedy.split("\n").map((line) => `→ ${line}`) : [])];
        const head = subject.length > width ? [`  ${subject}`, `${margin}${first}`] : [`  ${subject.padEnd(width)}  ${first}`];
        return [...head, ...rest.map((line) => `${margin}${line}`)];
    });
    return [`${title}:`, ...lines].join("\n");
}
