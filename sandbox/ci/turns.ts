const last = new Map<string, Promise<unknown>>();

/** Runs the work when all earlier work under the same key has ended: what a concurrency group is in a workflow. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    // The next in line waits for the end of this one, however it ends.
    const ended = turn.then(
        () => undefined,
        () => undefined,
    );
    last.set(key, ended);
    try {
        return await turn;
    } finally {
        if (last.get(key) === ended) {
            last.delete(key);
        }
    }
}

/** Does the work for all items, no more than `limit` at once. Results stand in the order of the items. */
export async function atMost<Item, Result>(
    limit: number,
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
    const results: Result[] = [];
    const queue = items.entries();
    const worker = async () => {
        for (const [index, item] of queue) {
            results[index] = await work(item);
        }
    };
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
    return results;
}
