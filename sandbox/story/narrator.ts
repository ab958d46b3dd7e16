/** Tells a story on a terminal: a heading a step, the command that a user would type, and what was read back afterwards. */
export class Narrator {
    private step = 0;

    constructor(private readonly write: (text: string) => void = (text) => void process.stdout.write(text)) {}

    title(text: string): void {
        this.write(`\n${text}\n`);
    }

    heading(text: string): void {
        this.step += 1;
        this.write(`\n${String(this.step).padStart(2)}  ${text}\n`);
    }

    command(text: string): void {
        this.write(`      $ ${text}\n`);
    }

    /** Something that was claimed and found to be so, by reading it back. */
    found(text: string): void {
        this.write(`      ✔ ${text}\n`);
    }

    /** Words of the program itself, as they came. */
    quote(text: string): void {
        this.write(`${text.replace(/^/gm, "      │ ")}\n`);
    }

    took(seconds: number): void {
        this.write(`      ${seconds.toFixed(1)} s\n`);
    }

    plain(text: string): void {
        this.write(`${text}\n`);
    }
}
