import { isDeepStrictEqual } from "node:util";
import type { PropertyChange, ResourceDiff, Values } from "./double";
import { isRecord } from "./values";

/** How a resource's kind answers to changed inputs. */
export interface DiffRules {
    /** Paths that no update can change: `metadata.name`. What lies under such a path counts too. */
    replaceOn: readonly string[];
    /** Property paths that the program said to ignore. @default none */
    ignore?: readonly string[];
    /** @default false */
    deleteBeforeReplace?: boolean;
}

/** The changes from one set of inputs to another, field by field, so that a preview can show both values. */
export function diffInputs(
    before: Values,
    after: Values,
    { replaceOn, ignore = [], deleteBeforeReplace = false }: DiffRules,
): ResourceDiff {
    const changes: Record<string, PropertyChange> = {};
    const under = (path: string, roots: readonly string[]) =>
        roots.some((root) => path === root || path.startsWith(`${root}.`) || path.startsWith(`${root}[`));
    const visit = (path: string, old: unknown, now: unknown): void => {
        if (isDeepStrictEqual(old, now) || under(path, ignore)) {
            return;
        }
        if (isRecord(old) && isRecord(now)) {
            for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
                visit(childPath(path, key), old[key], now[key]);
            }
            return;
        }
        if (Array.isArray(old) && Array.isArray(now)) {
            for (let index = 0; index < Math.max(old.length, now.length); index++) {
                visit(`${path}[${index}]`, old[index], now[index]);
            }
            return;
        }
        const kind = old === undefined ? "add" : now === undefined ? "delete" : "update";
        changes[path] = { kind, replace: under(path, replaceOn) };
    };
    visit("", before, after);
    return { changes, deleteBeforeReplace };
}

/** Property paths as Pulumi writes them: a key with a dot or slash, such as a label's, stands in brackets. */
function childPath(path: string, key: string): string {
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) {
        return `${path}[${JSON.stringify(key)}]`;
    }
    return path === "" ? key : `${path}.${key}`;
}
