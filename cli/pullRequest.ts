import { spawn } from "node:child_process";
import type { Proposed } from "../core/deployment/proposed";
import { quoted } from "../core/settings/ref";
import type { OperationsCheckout } from "./operationsCheckout";

/**
 * Makes the pull request of a changed file: its branch is pushed, and `gh` opens it where it is installed. Otherwise it is said how to.
 *
 * @param repository `owner/name` on GitHub
 * @returns whether it is open now, or can be opened by what is said: `gh` failing is neither
 * @throws Refusal where a branch of that name says something else
 */
export async function openPullRequest(checkout: OperationsCheckout, repository: string, proposed: Proposed): Promise<boolean> {
    const { branch, title, body, file, text } = proposed;
    const made = await checkout.pushBranch(branch, { file, text, message: `${title}\n\n${body}` });
    console.error(made ? `Pushed ${branch}.` : `${branch} stands on origin already, with the same file.`);
    const page = `https://github.com/${repository}/compare/${checkout.branch}...${branch}?expand=1`;
    const args = ["pr", "create", "--repo", repository, "--base", checkout.branch, "--head", branch, "--title", title];
    const opened = await gh([...args, "--body-file", "-"], body);
    if (opened.code === 0) {
        console.log(opened.said.trim());
        return true;
    }
    const cause = opened.code === undefined ? "gh is not installed here." : opened.said.trim();
    console.error(`No pull request was opened by this command: ${cause}`);
    console.log(`Open it: ${page}\n  or: gh ${args.map(quoted).join(" ")} --web`);
    return opened.code === undefined;
}

/** @returns no code where there is no such command */
function gh(args: readonly string[], input: string): Promise<{ code?: number; said: string }> {
    return new Promise((resolve) => {
        const child = spawn("gh", args, { stdio: ["pipe", "pipe", "pipe"] });
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.on("error", () => resolve({ said }));
        child.on("close", (code) => resolve({ code: code ?? 1, said }));
        // A command that ends without reading says why by itself.
        child.stdin.on("error", () => undefined).end(input);
    });
}
