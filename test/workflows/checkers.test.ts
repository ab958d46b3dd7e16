import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { workflowFiles } from "../../core/workflows/documents/files";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { manyRepositories, monorepo, oneEnvironment } from "./documentSettings";

/** actionlint v1.7.12 does not know the key yet; GitHub's parser does, and takes no other value for it than GitHub. */
const unknownQueue = String.raw`^unexpected key "queue" for "concurrency" section\. expected one of "cancel-in-progress", "group"$`;

const layouts = { "in one repository": monorepo, "of many repositories": manyRepositories, "of one environment": oneEnvironment };

for (const [layout, settings] of Object.entries(layouts)) {
    describe(`the generated workflows ${layout}`, () => {
        const root = mkdtempSync(join(tmpdir(), "oneflow-workflows-"));
        const repositories = Object.entries(workflowFiles(settings));
        before(() => {
            for (const [repository, files] of repositories) {
                // What actionlint takes for a project's root.
                mkdirSync(join(root, repository, ".git"), { recursive: true });
                for (const [path, text] of Object.entries(files)) write(join(root, repository, path), text);
            }
        });
        after(() => rmSync(root, { recursive: true }));

        const folders = repositories.map(([repository]) => join(root, repository));

        it("pass actionlint", async () => {
            const actionlint = await toolPath("actionlint");
            for (const folder of folders) {
                const { status, output } = ran(actionlint, ["-no-color", "-ignore", unknownQueue, ...workflowsIn(folder)], folder);
                assert.equal(output, "");
                assert.equal(status, 0);
            }
        });

        it("pass zizmor as an auditor would run it", async () => {
            const zizmor = await toolPath("zizmor");
            for (const folder of folders) {
                const options = ["--offline", "--persona=auditor", "--no-progress", "--quiet", "--color=never", "--format=json-v1"];
                const { status, output } = ran(zizmor, [...options, "."], folder);
                assert.deepEqual(JSON.parse(output), []);
                assert.equal(status, 0);
            }
        });

        it("hold scripts that bash can read", () => {
            const scripts = repositories.flatMap(([, files]) => Object.values(files).flatMap(scriptsIn));
            assert.ok(scripts.length > 10);
            for (const script of new Set(scripts)) assert.equal(ran("bash", ["-n", "-c", script], root).output, "", script);
        });

        it("are taken by GitHub's own parser", () => {
            assert.deepEqual(githubFindings(folders.flatMap(workflowsIn)), []);
        });
    });
}

describe("the checkers of the generated workflows", () => {
    const root = mkdtempSync(join(tmpdir(), "oneflow-workflows-"));
    after(() => rmSync(root, { recursive: true }));
    const deploy = () => workflowFiles(monorepo)["acme/shop"][".github/workflows/oneflow-deploy.yml"];
    const spoiled = (from: string, to: string) => {
        const text = deploy();
        assert.ok(text.includes(from), `${from} is not in the document`);
        const file = join(root, ".github", "workflows", "spoiled.yml");
        write(file, text.replace(from, to));
        return file;
    };

    it("find a step that is read and not there: actionlint", async () => {
        const file = spoiled("steps.deploy.outputs.proposal", "steps.newest.outputs.proposal");
        const { status, output } = ran(await toolPath("actionlint"), ["-no-color", "-ignore", unknownQueue, file], root);
        assert.match(output, /property "newest" is not defined/);
        assert.equal(status, 1);
    });

    it("find a credential that the checkout leaves behind: zizmor", async () => {
        spoiled("persist-credentials: false", "persist-credentials: true");
        const { status, output } = ran(
            await toolPath("zizmor"),
            ["--offline", "--persona=auditor", "--quiet", "--color=never", "."],
            root,
        );
        assert.match(output, /artipacked/);
        assert.ok(status !== 0);
    });

    it("find a queue of another kind: GitHub's parser", () => {
        const file = spoiled("queue: max", "queue: many");
        assert.deepEqual(
            githubFindings([file]).map((finding) => finding.replace(/^.*\): /, "")),
            ["Unexpected value 'many'"],
        );
    });
});

function scriptsIn(text: string): string[] {
    const { jobs, runs } = parse(text) as Record<"jobs" | "runs", undefined | Record<string, unknown>>;
    const holders = (jobs ? Object.values(jobs) : [runs]) as { steps?: { run?: string }[] }[];
    return holders.flatMap(({ steps = [] }) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
}

function githubFindings(files: readonly string[]): string[] {
    const { output } = ran(process.execPath, [join(__dirname, "githubParser.mjs"), ...files], __dirname);
    return JSON.parse(output) as string[];
}

function ran(program: string, args: readonly string[], cwd: string): { status: number | null; output: string } {
    const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
    if (error) throw error;
    return { status, output: stdout === "" ? stderr : stdout };
}

function workflowsIn(folder: string): string[] {
    const workflows = join(folder, ".github", "workflows");
    return readdirSync(workflows).map((name) => join(workflows, name));
}

function write(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
}
