import { formatRefusal, Refusal } from "../refusal";
import type { BootstrapStep } from "./steps";

/** How a program ended. */
export interface Ended {
    code: number;
    stdout: string;
    stderr: string;
}

/** Runs a program to its end. @throws Error where it cannot be started */
export type Execute = (command: readonly string[], variables?: Readonly<Record<string, string>>) => Promise<Ended>;

/**
 * Takes the steps one after the other; what is there already is left as it is. A second run goes on where the first one stopped.
 *
 * @param say takes a line for each step as it is done
 * @throws Refusal where a step failed and nothing had been changed before, else an Error that says what to do next
 */
export async function runBootstrap(
    steps: readonly BootstrapStep[],
    execute: Execute,
    say: (line: string) => void,
): Promise<{ made: number; there: number }> {
    const done = { made: 0, there: 0 };
    for (const [index, step] of steps.entries()) {
        const { title, check, make, variables } = step;
        const place = `[${index + 1}/${steps.length}]`;
        const found = await execute(check, variables);
        if (found.code === 0 && step.isThere(found.stdout)) {
            say(`${place} ${title}: there already`);
            done.there += 1;
            continue;
        }
        if (found.code !== 0 || !make) throw stopped(step, place, check, found, done.made);
        const ended = await execute(make, variables);
        if (ended.code !== 0) throw stopped(step, place, make, ended, done.made);
        say(`${place} ${title}: made`);
        done.made += 1;
    }
    return done;
}

/** The command as a shell takes it, with the variables that it needs. */
export function shellLine(command: readonly string[], variables: Readonly<Record<string, string>> = {}): string {
    const set = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
    return [...set, ...command.map(quoted)].join(" ");
}

function stopped(
    { title, remedy, variables }: BootstrapStep,
    place: string,
    command: readonly string[],
    ended: Ended,
    made: number,
): Error {
    const said = (ended.stderr.trim() || ended.stdout.trim() || `exit code ${ended.code}`).split("\n").slice(-12).join("\n");
    const message = `$ ${shellLine(command, variables)}\n${said}`;
    const again = "npx oneflow bootstrap, which leaves alone what is there";
    const problem = { subject: title, message, remedy: `${remedy}\nthen: ${again}` };
    if (made === 0) return new Refusal(`oneflow bootstrap stopped at step ${place}, nothing was changed`, [problem]);
    return new Error(
        formatRefusal(`oneflow bootstrap stopped at step ${place}; ${steps(made)} before it made and kept`, [problem]),
    );
}

function steps(count: number): string {
    return count === 1 ? "1 thing" : `${count} things`;
}

function quoted(text: string): string {
    return /^[-\w./:=@,+]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}
