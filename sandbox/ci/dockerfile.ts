import { posix } from "node:path";
import { DockerfileError, type Instruction, readInstructions, readWords, type Scope } from "./dockerfileWords";

export { DockerfileError };

/** What a Dockerfile that starts from nothing makes: files of the context, and how to run them. */
export interface Recipe {
    /** In the order of the file: a later copy wins. */
    copies: readonly Copy[];
    config: RecipeConfig;
}

export interface Copy {
    /** Name of the folder to copy from. @default - the build context */
    from?: string;
    /** Paths in the build context, without a leading slash; `.` is all of it. */
    sources: readonly string[];
    /** Absolute path in the image. */
    destination: string;
    /** Whether the destination is a folder to copy into, as a trailing slash says. */
    intoFolder: boolean;
    /** Line of the Dockerfile, from 1. */
    line: number;
}

export interface RecipeConfig {
    entrypoint?: readonly string[];
    cmd?: readonly string[];
    env: Readonly<Record<string, string>>;
    labels: Readonly<Record<string, string>>;
    user?: string;
    workingDir?: string;
    /** `5050/tcp`, sorted. */
    exposedPorts: readonly string[];
}

/**
 * Reads a Dockerfile that starts `FROM scratch`. The sandbox has no Docker, so what it cannot do, such as `RUN`, is refused.
 *
 * @param args build arguments: they win over the defaults of `ARG`
 * @throws DockerfileError with the line
 */
export function readDockerfile(text: string, args: Readonly<Record<string, string>> = {}): Recipe {
    const [first, ...rest] = readInstructions(text);
    if (first?.name !== "FROM") {
        throw new DockerfileError(first?.line ?? 1, "a Dockerfile starts with FROM; the sandbox builds FROM scratch only");
    }
    if (first.rest !== "scratch") {
        throw new DockerfileError(first.line, `FROM ${first.rest} is refused: the sandbox builds FROM scratch only`);
    }
    const draft: Draft = { args, known: {}, copies: [], env: {}, labels: {}, exposedPorts: new Set() };
    for (const instruction of rest) {
        const apply = instructions[instruction.name];
        if (!apply) {
            const known = Object.keys(instructions).join(", ");
            throw new DockerfileError(
                instruction.line,
                `${instruction.name} is refused: after FROM the sandbox builds ${known} only`,
            );
        }
        apply(draft, instruction);
    }
    const { copies, exposedPorts, entrypoint, cmd, env, labels, user, workingDir } = draft;
    return { copies, config: { entrypoint, cmd, env, labels, user, workingDir, exposedPorts: [...exposedPorts].sort() } };
}

interface Draft {
    args: Readonly<Record<string, string>>;
    /** Values of the ARGs so far. */
    known: Record<string, string>;
    copies: Copy[];
    env: Record<string, string>;
    labels: Record<string, string>;
    exposedPorts: Set<string>;
    entrypoint?: readonly string[];
    cmd?: readonly string[];
    user?: string;
    workingDir?: string;
}

const instructions: Record<string, (draft: Draft, instruction: Instruction) => void> = {
    ARG(draft, instruction) {
        for (const word of words(draft, instruction)) {
            const [name, ...value] = word.split("=");
            const preset = value.length > 0 ? value.join("=") : undefined;
            const given = Object.hasOwn(draft.args, name) ? draft.args[name] : preset;
            if (given !== undefined) {
                draft.known[name] = given;
            }
        }
    },
    COPY(draft, instruction) {
        const [first, ...others] = words(draft, instruction);
        const { line } = instruction;
        const [, from] = /^--from=(.+)$/.exec(first) ?? [];
        const paths = from === undefined ? [first, ...others] : others;
        const unsupported = paths.find((path) => path.startsWith("--") || path.startsWith("[") || /[*?]/.test(path));
        if (unsupported) {
            throw new DockerfileError(
                line,
                `COPY ${unsupported} is refused: the sandbox copies plain paths only, no flag but --from, no wildcards`,
            );
        }
        if (paths.length < 2) {
            throw new DockerfileError(line, "COPY needs a source and a destination");
        }
        const target = paths[paths.length - 1];
        const intoFolder = target.endsWith("/") || target === ".";
        if (paths.length > 2 && !intoFolder) {
            throw new DockerfileError(line, `COPY of several sources needs a destination that ends with /, not ${target}`);
        }
        draft.copies.push({
            ...(from !== undefined && { from: from.toLowerCase() }),
            sources: paths.slice(0, -1).map((source) => contextPath(source, line)),
            destination: posix.resolve(draft.workingDir ?? "/", target),
            intoFolder,
            line,
        });
    },
    ENV(draft, instruction) {
        Object.assign(draft.env, pairs(draft, instruction));
    },
    LABEL(draft, instruction) {
        Object.assign(draft.labels, pairs(draft, instruction));
    },
    USER(draft, instruction) {
        draft.user = oneWord(draft, instruction);
    },
    WORKDIR(draft, instruction) {
        draft.workingDir = posix.resolve(draft.workingDir ?? "/", oneWord(draft, instruction));
    },
    EXPOSE(draft, instruction) {
        for (const word of words(draft, instruction)) {
            const [, port, protocol = "tcp"] = /^(\d+)(?:\/(tcp|udp))?$/.exec(word) ?? [];
            if (!port || Number(port) < 1 || Number(port) > 65535) {
                throw new DockerfileError(instruction.line, `EXPOSE ${word} is refused: expected a port such as 8080 or 8080/tcp`);
            }
            draft.exposedPorts.add(`${Number(port)}/${protocol}`);
        }
    },
    ENTRYPOINT(draft, instruction) {
        draft.entrypoint = execForm(instruction);
    },
    CMD(draft, instruction) {
        draft.cmd = execForm(instruction);
    },
};

function words(draft: Draft, instruction: Instruction): string[] {
    // An ENV wins over an ARG of the same name, as in docker.
    const scope: Scope = { ...draft.known, ...draft.env };
    const found = readWords(instruction, scope);
    if (found.length === 0) {
        throw new DockerfileError(instruction.line, `${instruction.name} needs a value`);
    }
    return found;
}

function oneWord(draft: Draft, instruction: Instruction): string {
    const found = words(draft, instruction);
    if (found.length > 1) {
        throw new DockerfileError(
            instruction.line,
            `${instruction.name} takes one value, not ${found.length}: ${instruction.rest}`,
        );
    }
    return found[0];
}

function pairs(draft: Draft, instruction: Instruction): Record<string, string> {
    return Object.fromEntries(
        words(draft, instruction).map((word) => {
            const equals = word.indexOf("=");
            if (equals < 1) {
                throw new DockerfileError(instruction.line, `${instruction.name} ${word} is refused: expected name=value`);
            }
            return [word.slice(0, equals), word.slice(equals + 1)];
        }),
    );
}

function execForm({ name, rest, line }: Instruction): readonly string[] {
    const refused = new DockerfileError(
        line,
        `${name} ${rest} is refused: an image FROM scratch has no shell; write ${name} ["/app"]`,
    );
    if (!rest.startsWith("[")) {
        throw refused;
    }
    const value = parsed(rest);
    if (!Array.isArray(value) || value.length === 0 || !value.every((part) => typeof part === "string")) {
        throw refused;
    }
    return value;
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function contextPath(source: string, line: number): string {
    const path = posix.normalize(source.replace(/^\/+/, "")).replace(/\/$/, "") || ".";
    if (path === ".." || path.startsWith("../")) {
        throw new DockerfileError(line, `COPY ${source} is refused: it leaves the build context`);
    }
    return path;
}
