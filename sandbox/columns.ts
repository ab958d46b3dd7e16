/** Rows of text with their columns as wide as they need to be, and nothing behind the last. */
export function columns(rows: readonly (readonly string[])[], gap = "  "): string {
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
    const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column])).join(gap);
    return rows.map((row) => line(row).trimEnd()).join("\n");
}
