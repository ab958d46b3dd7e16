import { main } from "../../cli/main";
import { Refusal } from "../../core/refusal";

export interface CommandRun {
    status: number;
    stdout: string;
    stderr: string;
}

/** Runs `oneflow` in a folder, in this process, and reports as `bin/oneflow.js` does: that one is tested with processes of its own. */
export async function oneflowIn(directory: string, args: readonly string[]): Promise<CommandRun> {
    const said = { stdout: "", stderr: "" };
    const before = { cwd: process.cwd(), out: process.stdout.write, err: process.stderr.write };
    const taking = (stream: keyof typeof said) => (text: string | Uint8Array) => {
        said[stream] += text.toString();
        return true;
    };
    process.chdir(directory);
    process.stdout.write = taking("stdout");
    process.stderr.write = taking("stderr");
    try {
        return { status: await main(args), ...said };
    } catch (error) {
        said.stderr += `${(error as Error).message}\n`;
        return { status: error instanceof Refusal ? Refusal.exitCode : 1, ...said };
    } finally {
        process.stdout.write = before.out;
        process.stderr.write = before.err;
        process.chdir(before.cwd);
    }
}
