import { at, isTree, type Line, objectName, type SourceObject, type Tree, treesAt } from "./objects";
import { type Difference, fits, reasons, rules } from "./rules";
import { containerPort } from "./health";
import type { Workload } from "./workloads";

/** What an object of the manifests is held against. */
export interface Comparison {
    object: SourceObject;
    /** The object that stands in its place when the catalog is rendered. */
    rendered: Tree;
    /** The entry that it belongs to, and the rendering of that entry's workload. */
    workload: Workload;
    renderedWorkload: Tree;
    renderedTemplate: readonly string[];
    /** Why a place is not carried, if it is known; it comes before what `rules.ts` says. */
    because(place: string): string | undefined;
    /** Whether a value is carried in another form than rendering shows at the same place. */
    carried(place: string, value: unknown): boolean;
}

/**
 * Holds every leaf of an object against the rendering of what was read from it: what is neither there, nor named by a rule, is a
 * line. So a key that nobody thought of cannot be lost, and one that the catalog learns needs no change here.
 */
export function account(comparison: Comparison): Line[] {
    const { object, rendered } = comparison;
    const { lost, lines } = walk(comparison, object.value, rendered, [roleOf(object, comparison.workload)], []);
    const common = { file: object.file, object: objectName(object), service: comparison.workload.name };
    return [
        ...lost.map(({ path, reason }) => ({ verdict: "not carried" as const, ...common, path, reason })),
        ...lines.map(({ path, reason }) => ({ verdict: "stricter" as const, ...common, path, reason })),
    ];
}

/** A place where something is said of the manifests, as it is printed. */
interface Said {
    path: string;
    reason: string;
}

interface Walked {
    lost: Said[];
    lines: Said[];
    /** Whether nothing at or below the place is rendered, and all for one reason. */
    whole: boolean;
}

function walk(comparison: Comparison, before: unknown, after: unknown, place: readonly string[], path: readonly string[]): Walked {
    const parts = partsOf(comparison, before, after, place);
    if (!parts || parts.length === 0) {
        return leaf(comparison, before, after, place, path);
    }
    const walked = parts.map((part) => walk(comparison, part.before, part.after, part.place, [...path, part.shown]));
    const lost = walked.flatMap((one) => one.lost);
    const whole = walked.every((one) => one.whole) && new Set(lost.map(({ reason }) => reason)).size === 1 && after === undefined;
    return {
        lost: whole && path.length > 0 ? [{ path: shownPath(path), reason: lost[0].reason }] : lost,
        lines: walked.flatMap((one) => one.lines),
        whole,
    };
}

function leaf(comparison: Comparison, before: unknown, after: unknown, keys: readonly string[], path: readonly string[]): Walked {
    const place = keys.join("/");
    const none = { lost: [], lines: [], whole: false };
    // Kubernetes takes an empty value for one that is not there.
    if (before === null || before === undefined || equal(before, after) || comparison.carried(place, before)) {
        return none;
    }
    const difference = differenceOf(comparison, before, after);
    const rule = rules.find((candidate) => fits(place, candidate.place) && (candidate.when?.(difference) ?? true));
    if (rule) {
        return rule.verdict === "same" ? none : { ...none, lines: [{ path: shownPath(path), reason: rule.why }] };
    }
    const reason =
        comparison.because(place) ?? reasons.find(([pattern]) => fits(place, pattern))?.[1] ?? "no key of services.yaml says it";
    return { ...none, lost: [{ path: shownPath(path), reason }], whole: after === undefined };
}

interface Part {
    before: unknown;
    after: unknown;
    place: readonly string[];
    shown: string;
}

/** The parts of a map or a list with what is rendered for each; nothing for a leaf. */
function partsOf(comparison: Comparison, before: unknown, after: unknown, place: readonly string[]): Part[] | undefined {
    const { object, workload, renderedTemplate } = comparison;
    if (Array.isArray(before)) {
        return before.map((item, index) => {
            const name = identity(place, item) ?? String(index);
            const others: unknown[] = Array.isArray(after) ? after : [];
            const isMain = place.join("/") === "pod/spec/containers" && item === workload.container;
            const isInit = place.join("/") === "pod/spec/initContainers";
            const isContainer = place.join("/") === "pod/spec/containers";
            const found = isMain
                ? others[0]
                : isContainer
                  ? undefined
                  : identity(place, item) === undefined
                    ? others[index]
                    : others.find((other) => identity(place, other) === name);
            const inner = isMain ? ["main"] : isInit ? ["init", `[${encoded(name)}]`] : [...place, `[${encoded(name)}]`];
            return { before: item, after: found, place: inner, shown: name.startsWith("{") ? `[${index}]` : `[${name}]` };
        });
    }
    if (!isTree(before)) {
        return undefined;
    }
    return Object.entries(before).map(([key, value]) => {
        const keys = [...place, encoded(key)];
        const isTemplate = object === workload.object && keys.slice(1).join("/") === workload.template.join("/");
        // The template may stand elsewhere in what is rendered.
        const other = isTemplate ? at(comparison.rendered, ...renderedTemplate) : at(after, key);
        return { before: value, after: other, place: isTemplate ? ["pod"] : keys, shown: key };
    });
}

/** By what an item of a list is known; nothing where its position counts. */
function identity(place: readonly string[], item: unknown): string | undefined {
    if (["from", "to"].includes(place.at(-1)!)) {
        return JSON.stringify(item);
    }
    if (typeof item === "string") {
        return place.at(-1) === "drop" || place.at(-1) === "policyTypes" ? item : undefined;
    }
    const keys = { ports: ["containerPort", "port"], volumeMounts: ["mountPath"] }[place.at(-1)!] ?? ["name"];
    const found = keys.map((key) => at(item, key)).find((value) => value !== undefined);
    // A number is a port once for each protocol.
    const protocol = place.at(-1) === "ports" ? (at(item, "protocol") ?? "TCP") : "TCP";
    return found === undefined || typeof found === "object"
        ? undefined
        : `${String(found)}${protocol === "TCP" ? "" : `/${String(protocol)}`}`;
}

function roleOf(object: SourceObject, { object: own }: Workload): string {
    return object === own ? "Workload" : object.kind;
}

function equal(before: unknown, after: unknown): boolean {
    if (typeof before === "object" && before !== null) {
        return typeof after === "object" && after !== null && Array.isArray(before) === Array.isArray(after);
    }
    // `cpu: 1` and `cpu: "1"` are one quantity.
    return after !== undefined && typeof after !== "object" && String(before) === String(after);
}

function differenceOf({ renderedWorkload, renderedTemplate, workload }: Comparison, before: unknown, after: unknown): Difference {
    const pod = at(renderedWorkload, ...renderedTemplate, "spec");
    return {
        before,
        after,
        pod: (...keys) => at(pod, ...keys),
        main: (...keys) => at(treesAt(pod, "containers")[0], ...keys),
        portNamed: (name) => containerPort(name, workload.container),
    };
}

function encoded(key: string): string {
    return key.replaceAll("/", "~1");
}

/** `spec.containers[server].env[PORT].value`; a key with a dot or a slash stands in brackets too. */
function shownPath(path: readonly string[]): string {
    return path
        .map((part, index) => (part.startsWith("[") ? part : /[./]/.test(part) ? `["${part}"]` : `${index > 0 ? "." : ""}${part}`))
        .join("");
}
