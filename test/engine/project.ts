import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { toolDirectory } from "../../sandbox/toolchain/toolchain";

/** What a run of the engine said. */
export interface Run {
    code: number;
    /** Standard output and error, without colours. */
    text: string;
}

/** A Pulumi project in a temporary folder with a backend of its own, run by the real engine. */
export interface EngineProject {
    readonly directory: string;
    /** Replaces the program. */
    write(program: string): void;
    pulumi(...args: string[]): Promise<Run>;
    /** The stack's state, as text. */
    state(): string;
    remove(): void;
}

/** Makes a project with one stack `test`. */
export async function engineProject({
    environment,
    config = {},
}: {
    environment: NodeJS.ProcessEnv;
    config?: Record<string, string>;
}): Promise<EngineProject> {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-engine-"));
    const tools = await toolDirectory(["pulumi", "pulumi-language-nodejs"]);
    const write = (file: string, content: string) => writeFileSync(join(directory, file), content);
    const lines = Object.entries(config).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
    write("Pulumi.yaml", "name: doubles\nruntime: nodejs\nmain: index.ts\n");
    write("Pulumi.test.yaml", lines.length > 0 ? `config:\n${lines.join("")}` : "");
    write("package.json", JSON.stringify({ name: "doubles", private: true }));
    const compilerOptions = {
        target: "es2022",
        module: "node16",
        moduleResolution: "node16",
        esModuleInterop: true,
        noCheck: true,
        skipLibCheck: true,
    };
    write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    symlinkSync(resolve(__dirname, "../../node_modules"), join(directory, "node_modules"));
    const backend = mkdtempSync(join(tmpdir(), "oneflow-backend-"));
    const env = {
        ...{ PATH: [tools, process.env.PATH].join(delimiter), HOME: directory, PULUMI_HOME: join(directory, ".pulumi") },
        ...{ PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_SKIP_UPDATE_CHECK: "1", NO_COLOR: "1" },
        ...environment,
    };
    const pulumi = (...args: string[]) =>
        new Promise<Run>((done) => {
            execFile(
                join(tools, "pulumi"),
                [...args, "--non-interactive"],
                { cwd: directory, env, maxBuffer: 2 ** 26 },
                (error, stdout, stderr) => done({ code: error ? Number(error.code ?? 1) : 0, text: `${stdout}${stderr}` }),
            );
        });
    const made = await pulumi("stack", "init", "test");
    if (made.code !== 0) {
        throw new Error(`pulumi stack init failed:\n${made.text}`);
    }
    return {
        directory,
        pulumi,
        write: (program) => write("index.ts", program),
        state: () => readFileSync(join(backend, ".pulumi/stacks/doubles/test.json"), "utf8"),
        remove: () => [directory, backend].forEach((folder) => rmSync(folder, { recursive: true, force: true })),
    };
}
