/**
 * Whether a list of GitHub's filter patterns takes a name: `*` stands for all but a slash, `**` for anything, `?` and `+` repeat
 * what is before them, and a pattern after `!` takes back what an earlier one took.
 */
export function matches(patterns: readonly string[], name: string): boolean {
    return patterns.reduce((taken, pattern) => {
        const negative = pattern.startsWith("!");
        return expressionOf(negative ? pattern.slice(1) : pattern).test(name) ? !negative : taken;
    }, false);
}

function expressionOf(pattern: string): RegExp {
    const source = pattern.replace(/\\(.)|\*\*\/|\*\*|\*|[?+]|\[[^\]]*\]|[.^$|(){}\\/]/g, (part, escaped?: string) => {
        if (escaped !== undefined) return escape(escaped);
        if (part === "**/") return "(?:.*/)?";
        if (part === "**") return ".*";
        if (part === "*") return "[^/]*";
        if (part.startsWith("[") || part === "?" || part === "+") return part;
        return escape(part);
    });
    return new RegExp(`^${source}$`);
}

function escape(character: string): string {
    return character.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
}
