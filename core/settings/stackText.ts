import { parseDocument } from "yaml";
import type { Environment } from "./model";

/**
 * A stack file that asks for something else, and every comment where it was.
 *
 * @param project name of the Pulumi project, the namespace of the keys
 * @param request the commit, and the pins where they change too
 */
export function withRequest(
    text: string,
    project: string,
    { commit, pins }: { commit: string; pins?: Environment["pins"] },
): string {
    const document = parseDocument(text);
    document.setIn(["config", `${project}:commit`], commit);
    if (pins && Object.keys(pins).length > 0) {
        document.setIn(["config", `${project}:pins`], pins);
    } else if (pins) {
        document.deleteIn(["config", `${project}:pins`]);
    }
    return document.toString({ lineWidth: 0, indent: indentOf(text) });
}

/** How far the file indents: one that is written anew with another indentation is a diff that nobody can read. */
function indentOf(text: string): number {
    return /^( +)\S/m.exec(text)?.[1].length ?? 2;
}
