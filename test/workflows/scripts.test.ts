import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { workflowFiles } from "../../core/workflows/documents/files";
import { textHash } from "../../core/deployment/proposed";
import { Repository } from "../../sandbox/git/repository";
import { monorepo } from "./documentSettings";

interface Steps {
    steps: { name: string; run?: string }[];
}

/** The script of a step, out of the rendered file. */
function script(path: string, job: string | undefined, name: string): string {
    const file = parse(workflowFiles(monorepo)["acme/shop"][path]) as { jobs?: Record<string, Steps>; runs?: Steps };
    const { steps } = job === undefined ? file.runs! : file.jobs![job];
    return steps.find((step) => step.name === name)!.run!;
}

describe("the scripts of the generated workflows", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "oneflow-scripts-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    /** As GitHub runs a step with `shell: bash`. */
    const run = (text: string, cwd: string, env: Record<string, string>) => {
        const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", text], {
            cwd,
            env: { ...process.env, ...env },
            encoding: "utf8",
        });
        assert.equal(status, 0, stdout + stderr);
    };

    it("open one pull request that changes one file, renew it when the button is pressed again, and none over a later change", async () => {
        const remote = await Repository.bare(join(folder, "remote.git"));
        const work = await Repository.clone(remote, join(folder, "work"));
        writeFileSync(join(work.directory, "Pulumi.stage.yaml"), "config: {}\n");
        writeFileSync(join(work.directory, "services.yaml"), "services: {}\n");
        await work.commit("Start");
        await work.push("HEAD:main");
        // Plays GitHub: it has open what it was asked to open, and writes down how.
        mkdirSync(join(folder, "bin"));
        const gh = [
            "#!/bin/sh",
            'case "$1 $2" in',
            '"auth setup-git") ;;',
            '"pr list") if grep -qsF -- "--head $4 " "$GH_LOG"; then echo 1; fi ;;',
            '"pr create") echo "$*" >> "$GH_LOG" ;;',
            "*) exit 3 ;;",
            "esac",
        ];
        writeFileSync(join(folder, "bin", "gh"), `${gh.join("\n")}\n`);
        chmodSync(join(folder, "bin", "gh"), 0o755);
        const text = script(".github/workflows/oneflow-promote.yml", "request", "Open the pull request");
        const proposal = {
            branch: "promote/stage/3c2d91a9f0e8",
            title: "Promote 3c2d91a9f0e8 to stage",
            body: 'From "nothing".\n\n~~~\n+ $(touch owned) `touch owned`\n~~~',
            file: "Pulumi.stage.yaml",
            was: textHash("config: {}\n"),
        };
        for (const [round, content] of ["config: { a: 1 }\n", "config: { a: 2 }\n"].entries()) {
            const checkout = await Repository.clone(remote, join(folder, `checkout${round}`), { branch: "main" });
            run(text, checkout.directory, {
                PATH: `${join(folder, "bin")}:${process.env.PATH}`,
                GH_LOG: join(folder, "gh.log"),
                BASE: "main",
                PROPOSAL: JSON.stringify({ ...proposal, text: content }),
            });
            const changed = execFileSync("git", ["diff", "--name-only", "main", proposal.branch], { cwd: remote.directory });
            assert.equal(changed.toString(), "Pulumi.stage.yaml\n");
            const pushed = execFileSync("git", ["show", `${proposal.branch}:Pulumi.stage.yaml`], { cwd: remote.directory });
            assert.equal(pushed.toString(), content);
        }
        assert.equal(
            readFileSync(join(folder, "gh.log"), "utf8"),
            `pr create --base main --head ${proposal.branch} --title ${proposal.title} --body ${proposal.body}\n`,
        );

        writeFileSync(join(work.directory, "Pulumi.stage.yaml"), "config: { b: 1 }\n");
        await work.commit("Promote something else");
        await work.push("HEAD:main");
        const late = await Repository.clone(remote, join(folder, "late"), { branch: "main" });
        run(text, late.directory, {
            PATH: `${join(folder, "bin")}:${process.env.PATH}`,
            GH_LOG: join(folder, "late.log"),
            BASE: "main",
            PROPOSAL: JSON.stringify({ ...proposal, branch: "promote/stage/late", text: "config: { a: 3 }\n" }),
        });
        const branches = execFileSync("git", ["branch", "--format=%(refname:short)"], { cwd: remote.directory });
        assert.deepEqual(branches.toString().trim().split("\n"), ["main", proposal.branch]);
    });

    it("run the command of the protected branch in a checkout that brings its own", () => {
        mkdirSync(join(folder, "cli"));
        const manifest = { name: "pushed", version: "6.6.6", bin: { oneflow: "bin/oneflow.js" } };
        writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
        writeFileSync(join(folder, "cli", "main.ts"), 'exports.main = async () => { console.log("pushed"); return 0; };');
        writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "commonjs", types: [] } }));
        const home = join(__dirname, "..", "..");
        symlinkSync(join(home, "node_modules"), join(folder, "node_modules"));
        const said = (program: string) =>
            execFileSync(join(home, "bin", program), ["--version"], { cwd: folder, encoding: "utf8" });
        assert.equal(said("oneflow.js"), "pushed\n");
        const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
        assert.equal(said(join("pinned", "oneflow")), `${version}\n`);
    });

    for (const [repository, where] of [
        ["Acme/Shop", "checkout"],
        ["acme/cart", "action"],
    ]) {
        it(`find the settings of a run of ${repository} in the ${where}, and the command always in the action`, () => {
            const folders = { checkout: join(folder, "checkout"), action: join(folder, "action") };
            const path = join(folders.action, ".github", "actions", "oneflow");
            for (const one of [folders.checkout, path]) mkdirSync(one, { recursive: true });
            const manifest = { name: "example", version: "1.0.0" };
            writeFileSync(join(folders.action, "package.json"), JSON.stringify(manifest));
            const lock = { ...manifest, lockfileVersion: 3, packages: { "": manifest } };
            writeFileSync(join(folders.action, "package-lock.json"), JSON.stringify(lock));
            run(script(".github/actions/oneflow/action.yml", undefined, "Install oneflow"), folders.checkout, {
                OPERATIONS: "acme/shop",
                GITHUB_REPOSITORY: repository,
                GITHUB_WORKSPACE: folders.checkout,
                GITHUB_ACTION_PATH: path,
                GITHUB_PATH: join(folder, "path"),
                GITHUB_OUTPUT: join(folder, "output"),
            });
            assert.equal(readFileSync(join(folder, "path"), "utf8"), `${join(folders.action, "bin", "pinned")}\n`);
            assert.equal(readFileSync(join(folder, "output"), "utf8"), `directory=${folders[where as keyof typeof folders]}\n`);
        });
    }
});
