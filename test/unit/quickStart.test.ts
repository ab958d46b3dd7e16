import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
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
