import { columns } from "../columns";
import { Refusal } from "../../core/refusal";
import { duration } from "./progress";
import { status, toolPath, type ToolStatus } from "./toolchain";
import { type ToolName, toolNames } from "./tools";

const usage = `usage: oneflow toolchain                 list the external programs and where each comes from
       oneflow toolchain build [name …]  make those that are absent: ${toolNames.join(", ")}`;

/**
 * `oneflow toolchain`
 *
 * @returns the exit code
 * @throws Refusal on an unknown subcommand or program
 * @throws ToolUnavailable
 */
export async function main(argv: readonly string[]): Promise<number> {
    const [subcommand, ...names] = argv;
    if (subcommand === "--help" || subcommand === "-h") {
        console.log(usage);
        return 0;
    }
    if (subcommand !== undefined && subcommand !== "build") throw refused(subcommand, "is not a subcommand; there is: build");
    if (subcommand === "build") {
        const unknown = names.filter((name) => !isToolName(name));
        if (unknown.length > 0) throw refused(unknown.join(", "), `not in the toolchain; there are: ${toolNames.join(", ")}`);
        for (const name of names.length > 0 ? (names as ToolName[]) : toolNames) await toolPath(name);
    }
    console.log(table(await status()));
    return 0;
}

function isToolName(name: string): name is ToolName {
    return (toolNames as string[]).includes(name);
}

function refused(subject: string, message: string): Refusal {
    return new Refusal("Nothing was built", [{ subject, message, remedy: "oneflow toolchain --help" }]);
}

/** The listing: a line for each program, columns aligned. */
export function table(rows: readonly ToolStatus[]): string {
    const cells = rows.map(({ name, version, from, bytes, label, seconds, path }) => [
        name,
        version ?? "",
        label ? `${from} (${label}${seconds === undefined ? "" : `, ${duration(seconds)}`})` : from,
        bytes === undefined ? "" : `${(bytes / 1e6).toFixed(0)} MB`,
        path ?? `→ npx oneflow toolchain build ${name}`,
    ]);
    return columns(cells);
}
