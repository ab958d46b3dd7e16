/** One combination of a matrix. */
export type Combination = Readonly<Record<string, unknown>>;

/** What GitHub lets one matrix make. */
const mostJobs = 256;

/**
 * The jobs that a matrix makes, in GitHub's order. A job without a matrix is one without a value.
 *
 * @throws Error in GitHub's words for a matrix that it does not start
 */
export function combinations(matrix: unknown): Combination[] {
    if (matrix === undefined) return [{}];
    if (matrix === null || typeof matrix !== "object" || Array.isArray(matrix)) {
        throw new Error("Error when evaluating 'strategy'. Matrix must be an object");
    }
    const { include = [], exclude = [], ...vectors } = matrix as Record<string, unknown[]>;
    for (const [name, values] of Object.entries(vectors)) {
        if (!Array.isArray(values) || values.length === 0) {
            throw new Error(`Error when evaluating 'strategy'. Matrix vector '${name}' does not contain any values`);
        }
    }
    const crossed = Object.keys(vectors).length === 0 ? [] : product(Object.entries(vectors));
    const kept = crossed.filter((one) => !exclude.some((entry) => agrees(entry as Combination, one)));
    const all = included(kept, include as Combination[], Object.keys(vectors));
    if (all.length === 0) throw new Error("Error when evaluating 'strategy'. Matrix must define at least one vector");
    if (all.length > mostJobs) {
        throw new Error(`The strategy configuration is generating ${all.length} jobs, which exceeds the maximum of ${mostJobs}.`);
    }
    return all;
}

function product(vectors: readonly [name: string, values: unknown[]][]): Combination[] {
    return vectors.reduce<Combination[]>(
        (made, [name, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
        [{}],
    );
}

/** An entry adds to every combination that it does not contradict; where there is none it is one of its own. */
function included(crossed: readonly Combination[], entries: readonly Combination[], names: readonly string[]): Combination[] {
    const combinations = crossed.map((one) => ({ ...one }));
    const own: Combination[] = [];
    for (const entry of entries) {
        const original = Object.fromEntries(Object.entries(entry).filter(([name]) => names.includes(name)));
        const into = combinations.filter((one) => agrees(original, one));
        for (const one of into) Object.assign(one, entry);
        if (into.length === 0) own.push(entry);
    }
    return [...combinations, ...own];
}

function agrees(entry: Combination, combination: Combination): boolean {
    return Object.entries(entry).every(([name, value]) => JSON.stringify(combination[name]) === JSON.stringify(value));
}
