/** How a newer one treats those of its group that are there. */
export interface TurnWish {
    group: string;
    cancelInProgress: boolean;
    /** `max`: everybody waits in line. @default - GitHub's: of those that wait only the newest stays */
    queue?: string;
}

/** GitHub's concurrency groups: of one group one is under way at a time. */
export class ConcurrencyGroups {
    private readonly groups = new Map<string, { holder?: Turn; waiting: Turn[] }>();

    /** Whether who enters now has to wait. */
    isTaken(group: string): boolean {
        return this.groups.has(group.toLowerCase());
    }

    /**
     * Waits for the group's turn.
     *
     * @param onCancel told that a newer one takes the place of this one that waits, or wants it to end
     * @returns what gives the turn back; nothing where a newer one took the place
     */
    async enter({ group: name, cancelInProgress, queue }: TurnWish, onCancel: () => void): Promise<(() => void) | undefined> {
        // GitHub tells no groups apart by case.
        const key = name.toLowerCase();
        const group = this.groups.get(key) ?? { waiting: [] };
        this.groups.set(key, group);
        if (queue !== "max") group.waiting.splice(0).forEach((turn) => turn.replace());
        if (cancelInProgress) group.holder?.cancel();
        return new Promise((resolve) => {
            const leave = () => {
                group.holder = group.waiting.shift();
                if (group.holder) group.holder.start();
                else this.groups.delete(key);
            };
            const turn: Turn = {
                start: () => resolve(leave),
                cancel: onCancel,
                replace: () => {
                    onCancel();
                    resolve(undefined);
                },
            };
            if (group.holder) {
                group.waiting.push(turn);
            } else {
                group.holder = turn;
                turn.start();
            }
        });
    }
}

/** A turn that somebody holds or waits for. */
interface Turn {
    start(): void;
    /** Wants it to end although it is under way. */
    cancel(): void;
    /** A newer one takes its place while it waits. */
    replace(): void;
}
