import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeeded, project } from "./benchWorld";
import type { TimedPulumi, TimedRun } from "./timedPulumi";

/** A program whose start is compared, as its author would have it: nothing of oneflow, the same dependencies. */
export interface Program {
    name: string;
    index: string;
    tsconfig: unknown;
}

/** The least that a TypeScript program can be, without type checking at its start, as oneflow has it. */
export const emptyProgram: Program = {
    name: "empty",
    index: 'import * as pulumi from "@pulumi/pulumi";\n\nvoid pulumi;\n',
    tsconfig: {
        compilerOptions: {
            target: "es2022",
            module: "commonjs",
            moduleResolution: "node10",
            strict: true,
            skipLibCheck: true,
            noCheck: true,
        },
        files: ["index.ts"],
    },
};

/** What `pulumi new kubernetes-typescript` configures, with a component in the place of its nginx. */
export const templateProgram: Program = {
    name: "template",
    index: `import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

class App extends pulumi.ComponentResource {
    constructor(name: string, readonly labels: k8s.types.input.meta.v1.ObjectMeta["labels"]) {
        super("bench:index:App", name);
        pulumi.log.debug(k8s.apps.v1.Deployment.name, this);
    }
}

new App("nginx", { app: "nginx" });
`,
    tsconfig: {
        compilerOptions: {
            strict: true,
            outDir: "bin",
            target: "es2020",
            module: "commonjs",
            moduleResolution: "node",
            sourceMap: true,
            experimentalDecorators: true,
            pretty: true,
            noFallthroughCasesInSwitch: true,
            noImplicitReturns: true,
            forceConsistentCasingInFileNames: true,
        },
        files: ["index.ts"],
    },
};

/** Where measured programs stand, and how their engine is run. */
export interface Installation {
    root: string;
    pulumi: TimedPulumi;
    variables: Readonly<Record<string, string>>;
}

/** A program with a stack `dev` in a file backend of its own, in which nothing was run yet. */
export interface InstalledProgram {
    checkout: string;
    /** Runs `pulumi` on the stack. @throws Error with what the engine said where it did not end well */
    run(...args: string[]): Promise<TimedRun>;
}

/** Writes a program and makes its stack. */
export async function install({ name, index, tsconfig }: Program, installation: Installation): Promise<InstalledProgram> {
    const { root, pulumi, variables } = installation;
    const checkout = join(root, name);
    const state = join(root, `${name}-state`);
    mkdirSync(checkout, { recursive: true });
    mkdirSync(state, { recursive: true });
    const runtime = { name: "nodejs", options: { packagemanager: "npm" } };
    writeFileSync(join(checkout, "Pulumi.yaml"), JSON.stringify({ name, runtime }));
    writeFileSync(join(checkout, "package.json"), JSON.stringify({ name, main: "index.ts" }));
    writeFileSync(join(checkout, "tsconfig.json"), JSON.stringify(tsconfig));
    writeFileSync(join(checkout, "index.ts"), index);
    symlinkSync(join(project, "node_modules"), join(checkout, "node_modules"));
    // As the world's own stacks keep theirs: what is measured differs in the program alone.
    const own = { ...variables, PULUMI_BACKEND_URL: `file://${state}?metadata=skip` };
    const run = async (...args: string[]) => succeeded(await pulumi.run([...args, "--stack", "dev"], checkout, own));
    await run("stack", "init");
    return { checkout, run };
}

/**
 * Writes a program, makes its stack, and runs it once.
 *
 * @returns how to run its `up` again, when nothing changes
 */
export async function setUp(program: Program, installation: Installation): Promise<() => Promise<TimedRun>> {
    const { run } = await install(program, installation);
    const up = () => run(...upQuietly);
    await up();
    return up;
}

/** An `up` that asks nothing and previews nothing: what a deployment is. */
export const upQuietly = ["up", "--yes", "--skip-preview"];
