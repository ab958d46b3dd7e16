/** One instruction, continuation lines joined. */
export interface Instruction {
    /** In capitals. */
    name: string;
    /** What follows the name, trimmed. */
    rest: string;
    /** Line that it starts on, from 1. */
    line: number;
}

/** Variables that `$NAME` may name. */
export type Scope = Readonly<Record<string, string>>;

/** A Dockerfile that the sandbox cannot build, or that nobody could. */
export class DockerfileError extends Error {
    constructor(
        /** Line of the Dockerfile, from 1. */
        readonly line: number,
        /** What is wrong with it, without the place. */
        readonly reason: string,
    ) {
        super(`line ${line}: ${reason}`);
        this.name = "DockerfileError";
    }
}

/** The instructions of a Dockerfile without comments and empty lines. @throws DockerfileError at a parser directive */
export function readInstructions(text: string): Instruction[] {
    const lines = text.split(/\r?\n/);
    const instructions: Instruction[] = [];
    for (let index = 0; index < lines.length; index++) {
        const line = index + 1;
        const directive = instructions.length === 0 ? /^#\s*(escape|syntax|check)\s*=/i.exec(lines[index]) : undefined;
        if (directive) {
            throw new DockerfileError(line, `the directive ${directive[1]} is refused: the sandbox reads plain Dockerfiles only`);
        }
        if (isEmpty(lines[index])) {
            continue;
        }
        let whole = lines[index];
        while (/\\\s*$/.test(whole) && index + 1 < lines.length) {
            index++;
            // Docker lets comments and empty lines stand between continuation lines.
            whole = isEmpty(lines[index]) ? whole : `${whole.replace(/\\\s*$/, "")}${lines[index]}`;
        }
        const [, name, rest] = /^\s*(\S+)\s*([^]*?)\s*\\?$/.exec(whole)!;
        instructions.push({ name: name.toUpperCase(), rest, line });
    }
    return instructions;
}

/** The words of an instruction: quotes and backslashes undone, `$NAME` and `${NAME}` replaced. An unknown name is empty, as in docker. */
export function readWords({ name, rest, line }: Instruction, scope: Scope): string[] {
    const found: string[] = [];
    let word: string | undefined;
    let quote: "'" | '"' | undefined;
    for (let at = 0; at < rest.length; at++) {
        const character = rest[at];
        if (quote === undefined && /\s/.test(character)) {
            if (word !== undefined) {
                found.push(word);
            }
            word = undefined;
        } else if (character === quote) {
            quote = undefined;
        } else if (quote === undefined && (character === "'" || character === '"')) {
            quote = character;
            word ??= "";
        } else if (character === "\\" && quote !== "'" && at + 1 < rest.length) {
            at++;
            // Inside double quotes a backslash stands for itself before anything that needs no escape.
            const kept = quote === '"' && !/["\\$]/.test(rest[at]) ? "\\" : "";
            word = `${word ?? ""}${kept}${rest[at]}`;
        } else if (character === "$" && quote !== "'") {
            const [variable, bare, braced] = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/.exec(rest.slice(at)) ?? [];
            if (!variable) {
                throw new DockerfileError(
                    line,
                    `${name} ${rest} is refused: of variables the sandbox reads $NAME and \${NAME} only`,
                );
            }
            word = `${word ?? ""}${scope[bare ?? braced] ?? ""}`;
            at += variable.length - 1;
        } else {
            word = `${word ?? ""}${character}`;
        }
    }
    if (quote !== undefined) {
        throw new DockerfileError(line, `${name} ${rest} is refused: a ${quote} is not closed`);
    }
    return word === undefined ? found : [...found, word];
}

function isEmpty(line: string): boolean {
    return /^\s*(#|$)/.test(line);
}
