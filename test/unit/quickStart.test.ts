import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(__dirname, "..", "..");

/** Runs a script in a process of its own, in this project, and gives what it printed. */
function run(script: string): string {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["-e", script], { cwd: project, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout.trim();
}

describe("a quick start", () => {
    it("loads Pulumi's SDK without the npm client, until something touches it", () => {
        const loaded = 'Object.keys(require.cache).some((file) => file.includes("/@npmcli/arborist/"))';
        assert.equal(
            run(`
                const { lightly } = require("./bin/lightStart");
                const touched = lightly(() => [require("@pulumi/pulumi"), require("@npmcli/arborist")])[1];
                const before = ${loaded};
                console.log(before, typeof touched.Arborist, ${loaded});
            `),
            "false function true",
        );
    });

    it("leaves loading as it was, also where what is loaded fails", () => {
        assert.equal(
            run(`
                const Module = require("node:module");
                const before = Module._load;
                try {
                    require("./bin/lightStart").lightly(() => { throw new Error("broken"); });
                } catch (error) {
                    console.log(error.message, Module._load === before);
                }
            `),
            "broken true",
        );
    });
});

describe("the kept transpilation", () => {
    /** What a process that has compiled nothing yet makes of a source, and whether it needed the compiler for it. */
    const transpiled = (source: string, checkout = "/one") =>
        JSON.parse(
            run(`
                const options = { target: 9, module: 1, sourceMap: true, outDir: "${checkout}/.ts-node" };
                const { transpile } = require("./bin/transpile").create({ service: { config: { options } } });
                const { outputText, diagnostics = [] } = transpile(${JSON.stringify(source)}, { fileName: "x.ts" });
                const compiler = Object.keys(require.cache).some((file) => file.endsWith("/lib/typescript.js"));
                console.log(JSON.stringify({ outputText, errors: diagnostics.length, compiler }));
            `),
        ) as { outputText: string; errors: number; compiler: boolean };

    it("compiles a source once, and gives the same again without a compiler", () => {
        const source = `export const id: string = "${randomUUID()}";`;
        const [first, second] = [transpiled(source), transpiled(source)];
        assert.equal(first.compiler, true);
        assert.match(first.outputText, /^exports\.id = "/m);
        assert.deepEqual(second, { ...first, compiler: false });
        assert.deepEqual(transpiled(source, "/another"), second);
    });

    it("keeps nothing of a source that is no TypeScript", () => {
        const source = `const = "${randomUUID()}";`;
        const [first, second] = [transpiled(source), transpiled(source)];
        assert.notEqual(first.errors, 0);
        assert.deepEqual(second, first);
    });
});

describe("TypeScript without ts-node", () => {
    /** What a process prints that requires a TypeScript file of this text. */
    function required(text: string, variables: NodeJS.ProcessEnv = {}): { printed: string; errors: string } {
        const folder = mkdtempSync(join(tmpdir(), "oneflow-typescript-"));
        try {
            writeFileSync(join(folder, "one.ts"), text);
            const script = `
                require("./bin/typescript").registerTypeScript(process.cwd());
                console.log(JSON.stringify(require(${JSON.stringify(join(folder, "one"))})));
            `;
            const env = { ...process.env, ONEFLOW_DEBUG: "", ...variables };
            const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { cwd: project, encoding: "utf8", env });
            return { printed: stdout.trim(), errors: stderr };
        } finally {
            rmSync(folder, { recursive: true });
        }
    }

    it("loads what ts-node would, by the options of tsconfig.json, without a compiler once it is known", () => {
        const text = [
            `import path, { sep } from "node:path";`,
            `export const found: string = path.join("${randomUUID()}", sep);`,
            `export const compiler = Object.keys(require.cache).some((file) => file.endsWith("/lib/typescript.js"));`,
        ].join("\n");
        const [first, second] = [required(text), required(text)].map(
            ({ printed }) => JSON.parse(printed) as { found: string; compiler: boolean },
        );
        assert.match(first.found, /^[-0-9a-f]{36}\/$/);
        assert.deepEqual([first.compiler, second], [true, { ...first, compiler: false }]);
    });

    it("says in which file and where something is no TypeScript", () => {
        assert.match(required("export const = 1;").errors, /SyntaxError: .*\/one\.ts at character 13: /);
    });

    it("names lines of the source in stacks that were asked for", () => {
        const text = `interface Gone {\n    one: string;\n}\n\nthrow new Error("here ${randomUUID()}");\n`;
        assert.match(required(text, { ONEFLOW_DEBUG: "1" }).errors, /one\.ts:5:/);
    });
});
