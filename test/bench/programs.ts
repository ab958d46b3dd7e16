import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeeded, project } from "./benchWorld";
import type { TimedPulumi } from "./timedPulumi";

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

/**
 * Writes a program with a stack `dev` in a file backend of its own, and runs it once.
 *
 * @returns how to run its `up` again, when nothing changes
 */
export async function setUp(
    { name, index, tsconfig }: Program,
    { root, pulumi, variables }: { root: string; pulumi: TimedPulumi; variables: Readonly<Record<string, string>> },
) {
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
    const own = { ...variables, PULUMI_BACKEND_URL: `file://${state}` };
    succeeded(await pulumi.run(["stack", "init", "--stack", "dev"], checkout, own));
    const up = async () => succeeded(await pulumi.run(["up", "--yes", "--skip-preview", "--stack", "dev"], checkout, own));
    await up();
    return up;
}
