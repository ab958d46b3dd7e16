import { parseDocument } from "yaml";
import type { Environment, StandingOverride } from "./model";

/** What a stack file is to ask for. */
export interface WantedRequest {
    commit: string;
    /** @default - those of the file stay */
    pins?: Environment["pins"];
    /** @default - none: services of another run are for what that run was asked for, so whatever the file says goes */
    catalogOf?: string;
    /** Nothing: the file has none then. @default - that of the file stays */
    override?: StandingOverride | null;
}

/**
 * A stack file that asks for something else, and every comment where it was.
 *
 * @param project name of the Pulumi project, the namespace of the keys
 */
export function withRequest(text: string, project: string, { commit, pins, catalogOf, override }: WantedRequest): string {
    const document = parseDocument(text);
    const set = (key: string, value: object | string | null | undefined) => {
        const path = ["config", `${project}:${key}`];
        if (value === undefined) return;
        if (value === null || (typeof value === "object" && Object.keys(value).length === 0)) document.deleteIn(path);
        else document.setIn(path, value);
    };
    document.setIn(["config", `${project}:commit`], commit);
    set("pins", pins);
    set("catalogOf", catalogOf ?? null);
    set("override", override);
    return document.toString({ lineWidth: 0, indent: indentOf(text) });
}

/** What a stack file asks for, whether it may or not. */
export function commitIn(text: string, project: string): string | undefined {
    const commit = parseDocument(text).getIn(["config", `${project}:commit`]);
    return typeof commit === "string" ? commit : undefined;
}

/** How far the file indents: one that is written anew with another indentation is a diff that nobody can read. */
function indentOf(text: string): number {
    return /^( +)\S/m.exec(text)?.[1].length ?? 2;
}
