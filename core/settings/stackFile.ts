import { readdirSync } from "node:fs";
import { isMap, isScalar } from "yaml";
import type { Problem } from "../refusal";
import { parseYaml, readYaml, type YamlFile } from "./yamlFile";

/** The config of one stack: full key (`gcp:project`) → text, or the map or list that it holds. Empty values are left out. */
export interface StackConfig {
    stack: string;
    /** `Pulumi.stage.yaml`: where a person mends it. */
    file: string;
    values: ReadonlyMap<string, unknown>;
}

/** The Pulumi project: its name is the namespace of our keys. */
export interface Project {
    name: string;
    /** Full key → what holds in every stack whose file says nothing. */
    defaults: ReadonlyMap<string, unknown>;
}

const stackFilePattern = /^Pulumi\.(.+)\.yaml$/;

export function stackFile(stack: string): string {
    return `Pulumi.${stack}.yaml`;
}

/** The stacks that have a file in the directory, sorted. */
export function stacksIn(directory: string): string[] {
    return readdirSync(directory)
        .flatMap((file) => stackFilePattern.exec(file)?.[1] ?? [])
        .sort();
}

export function readProject(directory: string, problems: Problem[]): Project | undefined {
    const before = problems.length;
    const read = readYaml(directory, "Pulumi.yaml", problems);
    if (!read) {
        if (problems.length === before) {
            problems.push({
                subject: "Pulumi.yaml",
                message: `does not exist in ${directory}`,
                remedy: "run the command in the operations repository",
            });
        }
        return undefined;
    }
    const { name, config } = (read.value ?? {}) as { name?: unknown; config?: unknown };
    if (typeof name !== "string" || name === "") {
        problems.push({
            subject: "Pulumi.yaml: name",
            message: `${JSON.stringify(name) ?? "nothing"} is not the name of a Pulumi project`,
        });
        return undefined;
    }
    if (!/^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/.test(name)) {
        problems.push({
            subject: "Pulumi.yaml: name",
            message: `${JSON.stringify(name)} cannot be the value of a label: expected at most 63 letters, digits, dashes, dots and underscores`,
            remedy: "choose another name before the first pulumi up",
        });
    }
    return {
        name,
        defaults: new Map(Object.entries(isObject(config) ? config : {}).flatMap(([key, value]) => declared(name, key, value))),
    };
}

function declared(project: string, key: string, declaration: unknown): [string, unknown][] {
    const value = isObject(declaration) ? (declaration.value ?? declaration.default) : declaration;
    return isUnset(value) ? [] : [[fullKey(project, key), isObject(value) || Array.isArray(value) ? value : String(value)]];
}

/**
 * The config of a stack as its own file says it, with the project's defaults. Nothing where the file is not there or broken.
 *
 * @param text stands for what is in the file. @default - the file
 */
export function readStackFile(
    directory: string,
    stack: string,
    project: Project,
    problems: Problem[],
    text?: string,
): StackConfig | undefined {
    const file = stackFile(stack);
    const read = text === undefined ? readYaml(directory, file, problems) : parseYaml(file, text, problems);
    if (!read) {
        return undefined;
    }
    const values = new Map(project.defaults);
    for (const [key, value] of configEntries(read)) {
        if (isUnset(value)) {
            values.delete(fullKey(project.name, key));
        } else {
            values.set(fullKey(project.name, key), value);
        }
    }
    return { stack, file, values };
}

/** The config of a stack as Pulumi hands it to the program: full key → text; the own keys that hold maps as JSON text. */
export function handedConfig(
    stack: string,
    config: Readonly<Record<string, string>>,
    project: Project,
    problems: Problem[],
): StackConfig {
    const values = new Map<string, unknown>();
    for (const [key, text] of Object.entries(config)) {
        const value = /^\s*[{[]/.test(text) ? parsed(text, `${stackFile(stack)}: ${key}`, problems) : text;
        if (!isUnset(value)) {
            values.set(fullKey(project.name, key), value);
        }
    }
    return { stack, file: stackFile(stack), values };
}

function parsed(text: string, subject: string, problems: Problem[]): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        // Reported with all else; the caller goes on without the value.
        problems.push({ subject, message: `${text} is not JSON: ${(error as Error).message}` });
        return undefined;
    }
}

/** Top-level values are texts to Pulumi, whatever YAML makes of them: a SHA of digits only stays one. */
function configEntries({ document, value }: YamlFile): [string, unknown][] {
    const config = isMap(document.contents) ? document.get("config") : undefined;
    const texts = new Map(
        (isMap(config) ? config.items : []).flatMap(({ key, value: node }) =>
            isScalar(key) && isScalar(node) && node.value !== null
                ? [[String(key.value), node.source ?? String(node.value)] as const]
                : [],
        ),
    );
    const plain = isObject(value) && isObject(value.config) ? value.config : {};
    return Object.entries(plain).map(([key, inner]) => [key, texts.get(key) ?? inner]);
}

/** `commit` and `shop:config:commit` are `shop:commit`, as Pulumi reads them. */
function fullKey(project: string, key: string): string {
    return key.includes(":") ? key.replace(/^([^:]+):config:/, "$1:") : `${project}:${key}`;
}

function isUnset(value: unknown): boolean {
    return (
        value === undefined ||
        value === null ||
        value === "" ||
        (typeof value === "object" && Object.keys(value as object).length === 0)
    );
}

export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
