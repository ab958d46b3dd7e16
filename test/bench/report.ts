import { columns } from "../../sandbox/columns";
import type { Conditions } from "./conditions";
import type { Resolves } from "./registry";
import { judge, type Round, type Start } from "./starts";
import { spread } from "./statistics";

/** Everything that a bench measured. */
export interface Figures {
    conditions: Conditions;
    starts: readonly Round[];
    /** Stack → requests to registries. */
    requests: Readonly<Record<string, number>>;
    resolves: Resolves;
    /** Seconds. */
    promotions: readonly number[];
}

/** The figures for a reader. */
export function describe({ conditions, starts, requests, resolves, promotions }: Figures): string {
    return `
Taken on the sandbox's doubles of Google Cloud, its registry and its clusters, on the loopback: no figure here says how
long Google Cloud takes.
${takenOn(conditions)}

pulumi up when nothing changes, ${starts.length} rounds of all three in turn
${indented(startTable(starts))}

${verdict(starts)}

Requests to registries when nothing changes
${indented(columns(Object.entries(requests).map(([stack, count]) => [stack, String(count)])))}

${resolves.count} tags resolved at once: ${resolves.seconds.toFixed(2)} s, ${resolves.requests} requests

pulumi up of stage when one of twelve services changed: ${spread(promotions)} s, ${promotions.length} times
`.trim();
}

/** The machine, and how the figures are to be read. */
export function takenOn({ machine, load, node, engine }: Conditions): string {
    return `${machine}; Node ${node.slice(1)}, Pulumi engine ${engine}.
Load before and after: ${load.map((value) => value.toFixed(1)).join(" and ")}. Seconds are min / median / max.`;
}

function startTable(starts: readonly Round[]): string {
    const row = (name: string, which: "oneflow" | "empty" | "template") => {
        const of = (what: keyof Start) => starts.map((round) => round[which][what]);
        const ratio = (what: keyof Start) => starts.map((round) => round.oneflow[what] / round[which][what]);
        const ratios = which === "oneflow" ? ["", ""] : [spread(ratio("wall")), spread(ratio("cpu"))];
        return [name, spread(of("wall")), spread(of("cpu")), ...ratios];
    };
    return columns([
        ["", "wall s", "processor s", "dev is so many times as long", "and takes so many times the processor"],
        row(`dev, ${starts[0].resources} resources`, "oneflow"),
        row("empty program", "empty"),
        row("default template", "template"),
    ]);
}

function verdict(starts: readonly Round[]): string {
    const { ratio, bar } = judge(starts);
    const rounds = starts.map(({ oneflow, empty }) => (oneflow.wall / empty.wall).toFixed(2)).join(" ");
    const words = ratio > bar ? "MISSED" : "met";
    return `Bar ${words}: dev takes ${ratio.toFixed(2)} times as long as the empty program, at most ${bar} are allowed.\nRound by round: ${rounds}`;
}

export function indented(text: string): string {
    return text.replace(/^/gm, "  ");
}
