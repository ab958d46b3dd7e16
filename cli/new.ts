import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { shellLine } from "../core/bootstrap/run";
import { withService } from "../core/newService/addEntry";
import { type Consequences, consequencesOf } from "../core/newService/consequences";
import { exposedPort, newEntry, type NewService, requestProblems, sourceFolder } from "../core/newService/entry";
import { type Problem, Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Settings } from "../core/settings/model";
import { isObject, stacksIn } from "../core/settings/stackFile";
import { readYaml } from "../core/settings/yamlFile";
import { followedBranch } from "../core/workflows/branches";

const help = `usage: oneflow new <name> [option …]

Adds a service to services.yaml, one entry and no other line, and shows what will come of it.

      --source <path>         folder that it is built from [src/<name>]
      --dockerfile <path>     its Dockerfile, seen from there [Dockerfile]
      --repository <o/n>      GitHub repository of the folder [defaults.repository of services.yaml]
      --port <number>         port that it listens on [the one that the Dockerfile exposes, else 8080]
      --health <check>        grpc, tcp, or a path as /healthz [tcp]
      --kind <kind>           service, worker, cron or stateful [service]
      --schedule <when>       of a cron: "30 3 * * *"
      --calls <service>       a service that it calls; may be given again and again
      --env <NAME=value>      a variable; may be given again and again
      --yes                   although the folder is not there yet
      --dry-run               write nothing`;

const title = "No service was added, nothing was changed";
/** A matrix of GitHub makes no more jobs, and a first push builds every service. */
const matrixLimit = 256;

/**
 * `oneflow new`: a service's whole pipeline by one entry.
 *
 * @throws Refusal with all that is wrong with the request or with the catalog that it would make
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(help);
        return 0;
    }
    const { request, yes, dryRun } = readArguments(argv);
    const directory = process.cwd();
    const { text, after, consequences } = prepare(directory, request, yes);
    const file = join(directory, "services.yaml");
    const before = readFileSync(file, "utf8");
    if (!dryRun) writeWhole(file, text);
    console.log(describe(request.name, addedLines(before, text), consequences, after, dryRun));
    return 0;
}

interface Prepared {
    text: string;
    after: Settings;
    consequences: Consequences;
}

/** Everything up to the first byte that is written. */
function prepare(directory: string, request: NewService, yes: boolean): Prepared {
    const problems = requestProblems(request);
    const read = readYaml(directory, "services.yaml", problems);
    if (!read) {
        if (problems.length === 0) {
            const remedy = "run the command in the operations repository, or write the file: docs/configuration.md shows how";
            problems.push({ subject: "services.yaml", message: `does not exist in ${directory}`, remedy });
        }
        throw new Refusal(title, problems);
    }
    const { services, defaults } = (isObject(read.value) ? read.value : {}) as { services?: unknown; defaults?: unknown };
    const { name } = request;
    const usual = isObject(defaults) ? defaults : {};
    const repository = request.repository ?? (typeof usual.repository === "string" ? usual.repository : undefined);
    const before = environmentSettings(directory, undefined, []);
    const here = before.at(0)?.delivery.operations.repository;
    const isHere = here !== undefined && repository?.toLowerCase() === here.toLowerCase();
    const dockerfile = join(sourceFolder(request), request.dockerfile ?? "Dockerfile");
    if (isHere && !yes && !existsSync(join(directory, dockerfile))) {
        const message = `does not exist in this checkout of ${here}, so no commit with the entry could be built`;
        problems.push({ subject: dockerfile, message, remedy: "write it first, name another --source, or add --yes" });
    }
    const exposed =
        isHere && existsSync(join(directory, dockerfile))
            ? exposedPort(readFileSync(join(directory, dockerfile), "utf8"))
            : undefined;
    const entry = newEntry(request, { defaults: usual, ...(exposed !== undefined && { exposed }) });
    const text = readFileSync(join(directory, "services.yaml"), "utf8");
    const known = isObject(services) ? Object.keys(services) : [];
    const taken = known.includes(name);
    if (taken)
        problems.push({
            subject: name,
            message: "is a service already",
            remedy: "choose another name, or edit its entry in services.yaml",
        });
    const added = taken ? text : withService(text, name, entry);
    const after = taken ? [] : environmentSettings(directory, added, problems);
    if (problems.length > 0) {
        problems.push(...underAnotherName(directory, text, { name, entry, known }, problems));
        throw new Refusal(title, problems);
    }
    const consequences = consequencesOf(name, before, after);
    if (consequences.repositorySize > matrixLimit) {
        const message = `${consequences.built?.repository} would build ${consequences.repositorySize} services, and GitHub starts at most ${matrixLimit} builds of a push`;
        throw new Refusal(title, [{ subject: name, message, remedy: "build it from another repository: --repository owner/name" }]);
    }
    return { text: added, after: after[0], consequences };
}

/** What else is wrong with an entry whose name already is: the settings read no entry under a name that is none. */
function underAnotherName(
    directory: string,
    text: string,
    { name, entry, known }: { name: string; entry: Readonly<Record<string, unknown>>; known: readonly string[] },
    told: readonly Problem[],
): Problem[] {
    const other = ["the-new-service", ...known.map((_, index) => `the-new-service-${index}`)].find((one) => !known.includes(one))!;
    const found: Problem[] = [];
    environmentSettings(directory, withService(text, other, entry), found);
    const asTold = (said: string) => said.replaceAll(other, name);
    return found
        .map(({ subject, message, remedy }) => ({
            ...{ subject: asTold(subject), message: asTold(message) },
            ...(remedy !== undefined && { remedy: asTold(remedy) }),
        }))
        .filter((problem) => !told.some((one) => one.subject === problem.subject && one.message === problem.message));
}

/** The settings of each environment, in order, with the text as `services.yaml`; what is wrong with them is a problem, said once. */
function environmentSettings(directory: string, services: string | undefined, problems: Problem[]): Settings[] {
    const read = (stack: string): Settings[] => {
        try {
            return [readSettings({ directory, stack, ...(services !== undefined && { services }) })];
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            const known = new Set(problems.map((problem) => JSON.stringify(problem)));
            problems.push(...error.problems.filter((problem) => !known.has(JSON.stringify(problem))));
            return [];
        }
    };
    const [any] = stacksIn(directory);
    if (any === undefined) {
        problems.push({
            subject: directory,
            message: "holds no stack file Pulumi.<environment>.yaml",
            remedy: "npx oneflow --help",
        });
        return [];
    }
    const names = read(any).flatMap(({ environments }) => environments.map(({ name }) => name));
    return names.flatMap(read);
}

function readArguments(argv: readonly string[]): { request: NewService; yes: boolean; dryRun: boolean } {
    const { values, positionals } = parsed(argv);
    const { yes, "dry-run": dryRun, port, ...more } = values;
    const problems: Problem[] = [];
    const [name] = positionals;
    if (positionals.length !== 1) {
        const message = positionals.length === 0 ? "names no service" : `takes one name, not ${positionals.join(" ")}`;
        problems.push({ subject: "oneflow new", message, remedy: "npx oneflow new giftservice --port 8080" });
    }
    if (port !== undefined && !/^\d+$/.test(port)) {
        problems.push({ subject: `--port ${port}`, message: "expected a number", remedy: "--port 8080" });
    }
    if (problems.length > 0) throw new Refusal(title, problems);
    return { request: { name, ...more, ...(port !== undefined && { port: Number(port) }) }, yes, dryRun };
}

function parsed(argv: readonly string[]) {
    const text = { type: "string" } as const;
    const many = { type: "string", multiple: true } as const;
    const said = { type: "boolean", default: false } as const;
    const options = {
        ...{ source: text, dockerfile: text, repository: text, port: text, health: text, kind: text, schedule: text },
        ...{ calls: many, env: many, yes: said, "dry-run": said },
    };
    try {
        return parseArgs({ args: [...argv], options, allowPositionals: true });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw new Refusal(title, [{ subject: "oneflow new", message: (error as Error).message, remedy: "npx oneflow new --help" }]);
    }
}

function describe(name: string, added: string, consequences: Consequences, settings: Settings, dryRun: boolean): string {
    return [
        `services.yaml ${dryRun ? "would get" : "got"}`,
        "",
        added,
        "",
        "What comes of it",
        ...described(consequences),
        "",
        dryRun ? "Nothing was written. Without --dry-run, next:" : "Next",
        ...commands(name, consequences, settings).map((line) => `  ${line}`),
    ].join("\n");
}

function described({ built, images, objects, workflows }: Consequences): string[] {
    const rows: [string, string][] = [
        ...(built ? [["built from", `${built.path} of ${built.repository}, once for each content`] as [string, string]] : []),
        ...Object.entries(images).map(([, repository], index): [string, string] => [index === 0 ? "image" : "", repository]),
        ...grouped(objects).map(([environments, text]): [string, string] => [environments, text]),
        ...(Object.keys(workflows).length === 0
            ? [["workflows", "none changes: they read services.yaml"] as [string, string]]
            : Object.entries(workflows).map(([repository, files]): [string, string] => [
                  "workflows",
                  `${repository}: ${files.join(", ")}`,
              ])),
        ["platform", Object.keys(workflows).length === 0 ? "nothing" : "delivers the workflow files, and trusts their repository"],
    ];
    const width = Math.max(...rows.map(([left]) => left.length));
    return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

/** Environments in which the same happens share a line. */
function grouped(objects: Consequences["objects"]): [string, string][] {
    const texts = new Map<string, string[]>();
    for (const [environment, { added, changed }] of Object.entries(objects)) {
        const text = `adds ${added.join(", ")}${changed.length > 0 ? `; changes ${changed.join(", ")}` : ""}`;
        texts.set(text, [...(texts.get(text) ?? []), environment]);
    }
    return [...texts].map(([text, environments]) => [environments.join(", "), text]);
}

function commands(name: string, { built, workflows }: Consequences, { delivery, environments }: Settings): string[] {
    const { repository, branch } = delivery.operations;
    const [first, ...later] = environments.map((environment) => environment.name);
    const isHere = built?.repository.toLowerCase() === repository.toLowerCase();
    const commit = (path: string, to: string) =>
        `${shellLine(["git", "add", "services.yaml", ...(path ? [path] : [])])} && git commit -m "Add ${name}" && git push origin HEAD:${to}`;
    const platform = Object.keys(workflows).length === 0 ? [] : ["pulumi up -s platform"];
    const push = isHere
        ? [...platform, commit(built?.path ?? "", followedBranch)]
        : [
              commit("", branch),
              ...platform,
              `git push origin HEAD:${followedBranch}   # in ${built?.repository}, with ${built?.path}`,
          ];
    return [
        ...push,
        `pulumi config set commit latest -s ${first}   # unless it follows already: then the push deploys it there`,
        ...later.map((environment) => `pulumi config set commit <ref> -s ${environment} && pulumi up -s ${environment}`),
    ];
}

/** The lines that a text has more than another, between its first and its last new one. */
function addedLines(before: string, after: string): string {
    const [old, now] = [before, after].map((text) => text.split(/\r?\n/));
    let first = 0;
    while (first < old.length && old[first] === now[first]) first += 1;
    let last = 0;
    while (last < old.length - first && old[old.length - 1 - last] === now[now.length - 1 - last]) last += 1;
    return now
        .slice(first, now.length - last)
        .join("\n")
        .replace(/^\n+|\n+$/g, "");
}

/** The file is there whole, or as it was. */
function writeWhole(file: string, text: string): void {
    const beside = `${file}.${process.pid}`;
    writeFileSync(beside, text);
    renameSync(beside, file);
}
