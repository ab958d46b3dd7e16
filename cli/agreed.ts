import { createInterface } from "node:readline/promises";

/** Asks the person at the terminal. Where nobody sits at one, nobody agreed. */
export async function agreed(question: string): Promise<boolean> {
    if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question(`${question} [y/N] `);
    terminal.close();
    return /^y(es)?$/i.test(answer.trim());
}
