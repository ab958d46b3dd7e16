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

/**
 * Does the work for all items, no more than `limit` at once. Results stand in the order of the items.
 *
 * @throws the first error, once nothing is under way any more: no further item is begun after it
 */
export async function atMost<Item, Result>(
    limit: number,
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
    const results: Result[] = [];
    const errors: unknown[] = [];
    const queue = items.entries();
    const worker = async () => {
        for (const [index, item] of queue) {
            if (errors.length > 0) {
                return;
            }
            await work(item).then(
                (result) => (results[index] = result),
                (error: unknown) => errors.push(error),
            );
        }
    };
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
    if (errors.length > 0) {
        throw errors[0];
    }
    return results;
}
