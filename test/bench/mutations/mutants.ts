import { readFileSync } from "node:fs";
import ts from "typescript";

/** One change to the source that a test must notice. */
export interface Mutant {
    /** Absolute path. */
    file: string;
    line: number;
    /** Where the text begins and ends that is replaced. */
    start: number;
    end: number;
    replacement: string;
    /** The comparison or the rule, as it reads. */
    before: string;
    /** As the mutant reads. */
    after: string;
}

/** Each comparison of a file the other way round; an order, `<` or `>=`, once more with its bound moved by one. */
export function comparisonsOf(file: string): Mutant[] {
    return mutantsOf(file, (node) =>
        ts.isBinaryExpression(node)
            ? (flips[node.operatorToken.getText()] ?? []).map((replacement) => ({
                  node: node.operatorToken,
                  replacement,
                  shown: node,
              }))
            : [],
    );
}

/** Each rule of a file's first list taken out of it. */
export function removalsOf(file: string): Mutant[] {
    return mutantsOf(file, (node) => {
        const list = ts.isVariableDeclaration(node) ? node.initializer : undefined;
        const rules =
            list && ts.isArrayLiteralExpression(list) ? list.elements.filter((element) => !ts.isSpreadElement(element)) : [];
        return rules.map((rule) => ({ node: rule, replacement: "...[]", shown: rule }));
    });
}

const flips: Readonly<Record<string, readonly string[]>> = {
    "===": ["!=="],
    "!==": ["==="],
    "<": [">=", "<="],
    "<=": [">", "<"],
    ">": ["<=", ">="],
    ">=": ["<", ">"],
};

interface Change {
    node: ts.Node;
    replacement: string;
    /** What a reader is shown of it. */
    shown: ts.Node;
}

function mutantsOf(file: string, changesOf: (node: ts.Node) => readonly Change[]): Mutant[] {
    const text = readFileSync(file, "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const found: Mutant[] = [];
    const visit = (node: ts.Node): void => {
        for (const { node: replaced, replacement, shown } of changesOf(node)) {
            const [start, end] = [replaced.getStart(), replaced.getEnd()];
            const withText = (middle: string) =>
                `${text.slice(shown.getStart(), start)}${middle}${text.slice(end, shown.getEnd())}`.replace(/\s+/g, " ");
            const line = source.getLineAndCharacterOfPosition(start).line + 1;
            const [before, after] = [withText(text.slice(start, end)), withText(replacement)];
            found.push({ file, line, start, end, replacement, before, after });
        }
        ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
}
