/** The known name that a typing mistake probably meant: at most two letters away, or a third of a short word. */
export function suggest(typed: string, known: Iterable<string>): string | undefined {
    const wanted = typed.toLowerCase();
    const near = [...known]
        .map((name) => ({ name, distance: distance(wanted, name.toLowerCase()) }))
        .filter(({ name, distance }) => distance <= Math.min(2, Math.ceil(Math.min(name.length, typed.length) / 3)))
        .sort((a, b) => a.distance - b.distance);
    return near[0]?.name;
}

/** `; did you mean "replicas"?`, or what there is to choose from. */
export function orKnown(typed: string, known: readonly string[], what: string): string {
    const meant = suggest(typed, known);
    if (meant !== undefined) {
        return `did you mean ${JSON.stringify(meant)}?`;
    }
    return known.length === 0 ? `there are no ${what}` : `${what}: ${known.join(", ")}`;
}

// Optimal string alignment: swapped neighbours are one mistake.
function distance(a: string, b: string): number {
    const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
    for (let i = 1; i <= a.length; i++) {
        rows.push([i]);
        for (let j = 1; j <= b.length; j++) {
            const same = a[i - 1] === b[j - 1];
            rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
                rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
            }
        }
    }
    return rows[a.length][b.length];
}
