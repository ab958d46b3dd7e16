import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperationsCheckout } from "../../cli/operationsCheckout";
import { Refusal } from "../../core/refusal";
import { Repository } from "../../sandbox/git/repository";

const file = "Pulumi.stage.yaml";
const wanted = { file, text: "commit: b\n", message: "Promote b to stage" };

describe("the checkout of the operations repository", () => {
    let root: string;
    let bare: Repository;
    let here: Repository;
    let checkout: OperationsCheckout;
    const write = (text: string, name = file) => writeFileSync(join(here.directory, name), text);
    const fileHere = () => readFileSync(join(here.directory, file), "utf8");
    const fileAt = async (reference: string) => (await bare.files(reference, "."))[file].content.toString();
    const refused = async (attempt: Promise<unknown>, words: RegExp) => {
        await assert.rejects(attempt, (error) => error instanceof Refusal && words.test(error.message));
    };

    // The sandbox's repositories are deaf to the machine's own configuration; what is tested here is a user's git, who has a name.
    const own = process.env;
    before(() => {
        const [name, email] = ["Ada", "ada@acme.example"];
        const who = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email };
        process.env = { ...own, ...who };
    });
    after(() => {
        process.env = own;
    });
    beforeEach(async () => {
        root = mkdtempSync(join(tmpdir(), "oneflow-checkout-"));
        bare = await Repository.bare(join(root, "origin.git"));
        here = await Repository.clone(bare, join(root, "here"));
        await here.branch("main");
        write("commit: a\n");
        write("services: {}\n", "services.yaml");
        await here.commit("Begin");
        await here.push("main");
        checkout = new OperationsCheckout(here.directory, "main", "Nothing was promoted");
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it("commits one file to the branch, at origin and here", async () => {
        await checkout.requireClean(file);
        await checkout.requireBranch(file, wanted.text);
        await checkout.commitToBranch(wanted);
        assert.equal(await fileAt("main"), wanted.text);
        assert.equal(fileHere(), wanted.text);
        const [head] = await here.log("HEAD", { count: 1 });
        assert.equal(head.subject, wanted.message);
        assert.equal(await bare.commitAt("main"), head.commit);
    });

    it("pushes a branch beside the work tree, takes one that says the same, and refuses one that says something else", async () => {
        await checkout.requireClean(file);
        assert.equal(await checkout.pushBranch("promote/stage/b", wanted), true);
        const made = await bare.commitAt("promote/stage/b");
        assert.equal(await fileAt("promote/stage/b"), wanted.text);
        assert.deepEqual([fileHere(), await fileAt("main")], ["commit: a\n", "commit: a\n"]);
        assert.equal(await checkout.pushBranch("promote/stage/b", wanted), false);
        await refused(
            checkout.pushBranch("promote/stage/b", { ...wanted, text: "commit: c\n" }),
            /stands on origin already, and its Pulumi\.stage\.yaml says something else/,
        );
        assert.equal(await bare.commitAt("promote/stage/b"), made);
    });

    it("refuses a file with somebody's change, another branch, and a branch that has moved on", async () => {
        write("commit: a # mine\n");
        await refused(checkout.requireClean(file), /Pulumi\.stage\.yaml {2}has a change that is not committed/);
        write("commit: a\n");
        await here.branch("mine");
        await refused(checkout.requireBranch(file, wanted.text), /mine {2}is checked out, and deployments run from main/);
        await here.checkout("main");
        const other = await Repository.clone(bare, join(root, "other"), { branch: "main" });
        writeFileSync(join(other.directory, "services.yaml"), "services: { cart: {} }\n");
        await other.commit("Add cart");
        await other.push("main");
        await checkout.requireClean(file);
        await refused(
            checkout.requireBranch(file, wanted.text),
            /main {2}is behind origin's: services\.yaml\n +→ git pull --ff-only/,
        );
    });

    it("goes on where an earlier promotion was broken off: after its push, or before it", async () => {
        await checkout.requireClean(file);
        const first = await here.commitAt("HEAD");
        await checkout.commitToBranch(wanted);
        const head = await here.commitAt("HEAD");
        await here.checkout("--detach");
        await here.branch("again", { at: first });
        const second = new OperationsCheckout(here.directory, "again", "Nothing was promoted");
        await here.push("again");
        await bare.files("again", ".");
        await here.push(`${head}:refs/heads/again`);
        await second.requireClean(file);
        await second.requireBranch(file, wanted.text);
        assert.equal(await second.textOnBranch(file), wanted.text);
        await second.takeBranch();
        assert.equal(await here.commitAt("HEAD"), head);

        write("commit: c\n");
        const ahead = await here.commit("Promote c to stage");
        await second.requireBranch(file, "commit: c\n");
        await refused(second.requireBranch(file, "commit: d\n"), /again {2}differs from origin's: Pulumi\.stage\.yaml/);
        await second.takeBranch();
        assert.equal(await bare.commitAt("again"), ahead);
    });

    it("says in git's words what origin refuses, and has changed nothing here", async () => {
        await checkout.requireClean(file);
        rmSync(bare.directory, { recursive: true });
        await refused(checkout.commitToBranch(wanted), /origin does not take the push; here nothing was changed\n/);
        assert.equal(fileHere(), "commit: a\n");
        assert.equal((await here.log("HEAD", { count: 9 })).length, 1);
    });
});
