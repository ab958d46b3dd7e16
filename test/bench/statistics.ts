/** The middle of the values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length / 2;
    return Number.isInteger(middle) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
}

/** `min / median / max`, each with two decimals. */
export function spread(values: readonly number[]): string {
    return [Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(2)).join(" / ");
}
