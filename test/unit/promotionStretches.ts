import { short, type View } from "./promotionView";

/** A time that something ran, in seconds since the epoch. */
interface Stretch {
    from: number;
    to?: number;
}

/** When what is looked for ran in the environment before, from each record to the next. */
export function stretches({ past, before }: View, isIt: (run: View["set"]) => boolean): Stretch[] {
    const runs = past.recorded[before!];
    return runs.flatMap(({ set, at }, index) =>
        isIt(set) ? [{ from: at, ...(runs[index + 1] && { to: runs[index + 1].at }) }] : [],
    );
}

/** Whether one of them was long enough. */
export function soakedOnce({ past }: View, ran: readonly Stretch[]): boolean {
    return ran.some(({ from, to = past.seconds }) => to - from >= past.house.soakMinutes * 60);
}

/** What a person is told of what was not. */
export function tooShort(
    { asked, refOf, pins, past, before }: View,
    ran: readonly Stretch[],
    service: string | undefined,
): string[] {
    const ref = service === undefined ? asked : refOf(service);
    const what = service === undefined ? short(ref) : `${service} of ${short(ref)}`;
    const running = ran.find(({ to }) => to === undefined);
    const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
    if (running) {
        return [
            `${what} runs there since ${iso(running.from)}, so until ${iso(running.from + past.house.soakMinutes * 60)} nothing`,
        ];
    }
    const pinned = service !== undefined && service in pins;
    const longest = Math.max(0, ...ran.map(({ from, to = past.seconds }) => to - from));
    const path = pinned ? `--path 'pins.${service}' ${ref} -s ${before}` : `config set commit ${ref} -s ${before}`;
    return [`${what} ran there for ${words(longest)}${ran.length > 1 ? " at the longest" : ","}`, path];
}

function words(seconds: number): string {
    const parts = [`${Math.floor(seconds / 3600)}h`, `${Math.floor((seconds % 3600) / 60)}m`, `${seconds % 60}s`];
    return parts.filter((part) => !part.startsWith("0")).join(" ") || "0s";
}
