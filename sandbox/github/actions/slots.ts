/** Lets so many do their work at once. */
export function slots(count: number): <T>(work: () => Promise<T>) => Promise<T> {
    let free = count;
    const waiting: (() => void)[] = [];
    return async (work) => {
        if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
        else free--;
        try {
            return await work();
        } finally {
            const next = waiting.shift();
            if (next) next();
            else free++;
        }
    };
}
