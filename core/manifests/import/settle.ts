import { type Problem, Refusal } from "../../refusal";
import { readCatalog } from "../../settings/catalog";
import { Findings, formatPath, type Path } from "../../settings/findings";
import type { Catalog } from "../../settings/model";
import type { ServiceEntry, ServicesFile } from "../../settings/schema/service";
import type { Shape } from "../../settings/shape";
import { isTree } from "./objects";

/** What the settings did not take of an entry. */
export interface Dropped {
    key: string;
    /** The name within the key's map: a variable, a volume. @default - the whole key */
    name?: string;
    reason: string;
}

export interface Settled {
    catalog: Catalog;
    entries: Readonly<Record<string, ServiceEntry>>;
    /** Service → what was taken out of its entry. */
    dropped: ReadonlyMap<string, readonly Dropped[]>;
    /** Service → why it cannot be one. */
    refused: ReadonlyMap<string, string>;
}

/**
 * The entries as far as the settings accept them, by asking the settings: what they refuse is taken out, and they are asked again.
 *
 * @throws Refusal where the defaults are refused
 */
export function settle(drafts: Readonly<Record<string, ServiceEntry>>, defaults: ServicesFile["defaults"], shape: Shape): Settled {
    let entries = drafts;
    const dropped = new Map<string, Dropped[]>();
    const refused = new Map<string, string>();
    while (true) {
        const findings = new Findings("");
        const catalog = readCatalog(shape, { defaults, services: entries }, findings);
        const names = Object.keys(entries).filter((name) => findings.touches(["services", name]));
        if (names.length === 0) {
            const others = findings.problems.filter(({ subject }) => subject !== "services");
            if (others.length > 0) {
                throw new Refusal("Nothing was imported", others);
            }
            return { catalog, entries, dropped, refused };
        }
        const mended = Object.entries(entries).flatMap(([name, entry]) => {
            if (!names.includes(name)) {
                return [[name, entry] as const];
            }
            const taken = takeOut(name, entry, findings);
            if (typeof taken === "string") {
                refused.set(name, taken);
                return [];
            }
            dropped.set(name, [...(dropped.get(name) ?? []), ...taken.dropped]);
            return [[name, taken.entry] as const];
        });
        entries = Object.fromEntries(mended);
    }
}

/** Without these an entry would be another service than the one that the manifests describe. */
const essential = ["source", "image", "kind", "port", "ports", "init"];

/** Keys whose parts can go one by one. */
const divisible = ["env", "annotations", "volumes", "files"];

/** The entry without what was refused in it, or why nothing is left of it. */
function takeOut(name: string, entry: ServiceEntry, findings: Findings): { entry: ServiceEntry; dropped: Dropped[] } | string {
    const path = ["services", name];
    const isWrong = (...keys: string[]) => findings.touches([...path, ...keys]);
    const wrong = Object.keys(entry).filter((key) => isWrong(key));
    if (wrong.length === 0 || wrong.some((key) => essential.includes(key))) {
        return reasonAt(path, findings);
    }
    const dropped: Dropped[] = [];
    const left = Object.entries(entry).flatMap(([key, value]): [string, unknown][] => {
        if (!wrong.includes(key)) {
            return [[key, value]];
        }
        const parts = isTree(value) && divisible.includes(key) ? Object.entries(value) : [];
        const wrongParts = parts.filter(([part]) => isWrong(key, part));
        const rest = parts.filter(([part]) => !isWrong(key, part));
        dropped.push(
            ...wrongParts.map(([part]) => ({ key, name: part, reason: reasonAt([...path, key, part], findings) })),
            ...(wrongParts.length === 0 ? [{ key, reason: reasonAt([...path, key], findings) }] : []),
        );
        return wrongParts.length > 0 && rest.length > 0 ? [[key, Object.fromEntries(rest)]] : [];
    });
    return { entry: Object.fromEntries(left) as ServiceEntry, dropped };
}

function reasonAt(path: Path, findings: Findings): string {
    const place = formatPath(path);
    const isWithin = ({ subject }: Problem) => subject === place || [".", "["].some((next) => subject.startsWith(place + next));
    return findings.problems
        .filter(isWithin)
        .map(({ subject, message }) => {
            const rest = subject.slice(place.length).replace(/^\./, "");
            return rest === "" ? message : `${rest} ${message}`;
        })
        .join("; ");
}
