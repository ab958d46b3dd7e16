import { existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { catalogText } from "../core/manifests/import/catalogText";
import { collect, fromFile, together } from "../core/manifests/import/folder";
import { importManifests, type ImportOptions } from "../core/manifests/import/importManifests";
import { at, formatLine } from "../core/manifests/import/objects";
import { type Problem, Refusal } from "../core/refusal";
import { isYaml, manifestTree } from "../core/settings/manifestTree";
import { readProject, readStackFile, stacksIn } from "../core/settings/stackFile";
import { readShapes } from "../core/settings/shape";

const help = `usage: oneflow import <folder or file> … -o <file>

Reads Kubernetes manifests, plain or with a kustomization, and writes the services.yaml that describes the same services.
Whatever the catalog cannot say is a line that begins with \`not carried:\`, in the file and on the screen.

  -o, --output <file>       where to write; - prints the catalog, and the lines apart from it
      --force               replace the file if it is there
      --repository <o/n>    GitHub repository of the services that are built [that of Pulumi.platform.yaml]
      --source <pattern>    folder that a service is built from [src/{name}]; cart=src/cart/app: the folder of one service
      --built <prefix>      images whose names start so are built by the repository
      --image <old>=<new>   take an image by digest for one of the manifests: redis:8=redis:8@sha256:…
                            --source, --built and --image may be given again and again`;

const title = "Nothing was imported";

/**
 * `oneflow import`: manifests → a services.yaml.
 *
 * @throws Refusal with all that is wrong with the arguments or the files
 */
export async function main(argv: readonly string[]): Promise<number> {
    if (argv.includes("--help") || argv.includes("-h")) {
        console.log(help);
        return 0;
    }
    const { paths, output, options } = readArguments(argv);
    const problems: Problem[] = [];
    const tree = manifestTree(process.cwd(), problems, isYaml);
    const collected = together(paths.map((path) => (statSync(path).isDirectory() ? collect(tree, path) : fromFile(tree, path))));
    if (problems.length === 0 && collected.objects.length === 0) {
        problems.push({ subject: paths.join(" "), message: "holds no Kubernetes object in a .yaml or .yml file" });
    }
    if (problems.length > 0) {
        throw new Refusal(title, problems);
    }
    const imported = importManifests(collected, options, readShapes().services);
    const text = catalogText(imported, paths.join(" "));
    const lines = imported.lines.map(formatLine);
    const [done, waiting] = [Object.keys(imported.entries).length, Object.keys(imported.pending).length];
    const left = lines.filter((line) => line.startsWith("not carried:")).length;
    const summary = `${done} services imported, ${waiting} wait for a digest, ${left} lines not carried`;
    if (output === "-") {
        process.stdout.write(text);
        console.error([...lines, summary].join("\n"));
    } else {
        writeWhole(output, text);
        console.log([...lines, `${output}: ${summary}`].join("\n"));
    }
    return 0;
}

function readArguments(argv: readonly string[]): { paths: string[]; output: string; options: ImportOptions } {
    const problems: Problem[] = [];
    const { values, positionals } = parsed(argv);
    const { output, force = false, source = [], built = [], image = [] } = values;
    const paths = positionals.map((path) => path.replace(/(?<=.)\/+$/, ""));
    const example = "npx oneflow import k8s -o services.yaml";
    if (paths.length === 0) {
        problems.push({ subject: "oneflow import", message: "names no folder with manifests", remedy: example });
    }
    for (const path of paths.filter((one) => !existsSync(one))) {
        problems.push({ subject: path, message: "does not exist; expected a folder with manifests, or a file", remedy: example });
    }
    if (output === undefined) {
        problems.push({
            subject: "-o",
            message: "missing; expected where the catalog goes",
            remedy: `${example}, or -o - to print it`,
        });
    } else if (output !== "-" && existsSync(output) && !force) {
        problems.push({
            subject: output,
            message: "exists already, and would be replaced",
            remedy: "choose another -o, or add --force",
        });
    } else if (output !== "-" && !existsSync(dirname(output))) {
        problems.push({
            subject: output,
            message: `the folder ${dirname(output)} does not exist`,
            remedy: `mkdir -p ${dirname(output)}`,
        });
    }
    const repository = values.repository ?? operationsRepository(process.cwd());
    if (repository === undefined) {
        const message = "missing; no Pulumi.platform.yaml here says which repository the services are built from";
        problems.push({ subject: "--repository", message, remedy: `${example} --repository acme/shop` });
    }
    for (const pair of image.filter((one) => !/^[^=]+=.+@sha256:[0-9a-f]{64}$/.test(one))) {
        const message = "expected an image of the manifests, =, and the image by digest to take for it";
        problems.push({ subject: `--image ${pair}`, message, remedy: `--image redis:8=redis:8@$(crane digest redis:8)` });
    }
    const patterns = source.filter((one) => !one.includes("="));
    if (patterns.length > 1) {
        problems.push({
            subject: "--source",
            message: `${patterns.join(" and ")} are two patterns for all services; expected one`,
        });
    }
    if (problems.length > 0) {
        throw new Refusal(title, problems);
    }
    const options = {
        repository: repository!,
        sources: Object.fromEntries(source.filter((one) => one.includes("=")).map(pair)),
        built,
        images: Object.fromEntries(image.map(pair)),
        ...(patterns.length > 0 && { source: patterns[0] }),
    };
    return { paths, output: output!, options };
}

function parsed(argv: readonly string[]) {
    const text = { type: "string" } as const;
    const many = { type: "string", multiple: true } as const;
    const options = {
        output: { ...text, short: "o" },
        force: { type: "boolean" },
        repository: text,
        source: many,
        built: many,
        image: many,
    } as const;
    try {
        return parseArgs({ args: [...argv], options, allowPositionals: true });
    } catch (error) {
        // Its message is for the person who typed: which option is unknown, or lacks its value.
        throw new Refusal(title, [
            { subject: "oneflow import", message: (error as Error).message, remedy: "npx oneflow import --help" },
        ]);
    }
}

function pair(text: string): [string, string] {
    const sign = text.indexOf("=");
    return [text.slice(0, sign), text.slice(sign + 1)];
}

/** The repository that the project in the folder names as its own; nothing outside a project. */
function operationsRepository(directory: string): string | undefined {
    const project = readProject(directory, []);
    return stacksIn(directory)
        .map((stack) => project && readStackFile(directory, stack, project, [])?.values.get(`${project.name}:platform`))
        .map((platform) => at(platform, "operations", "repository"))
        .find((repository): repository is string => typeof repository === "string");
}

/** The file is there whole, or as it was. */
function writeWhole(file: string, text: string): void {
    const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
    writeFileSync(beside, text);
    renameSync(beside, file);
}
