import type { Problem } from "../refusal";

/** Where a value stands in its document: keys and positions. */
export type Path = readonly (string | number)[];

/** What is wrong with a document, by the place of it. */
export class Findings {
    readonly problems: Problem[] = [];
    private readonly places: Path[] = [];

    constructor(
        /** How the document is called in front of a path: `services.yaml: `. */
        private readonly document: string,
    ) {}

    add(path: Path, message: string, remedy?: string): void {
        this.places.push(path);
        this.problems.push({ subject: this.document + formatPath(path), message, ...(remedy === undefined ? {} : { remedy }) });
    }

    /** What is wrong in another file that the value at the path names. */
    addElsewhere(path: Path, problem: Problem): void {
        this.places.push(path);
        this.problems.push(problem);
    }

    /** Whether something is wrong with exactly this value. */
    tells(path: Path): boolean {
        return this.places.some((place) => place.length === path.length && place.every((part, index) => part === path[index]));
    }

    /** Whether something is wrong at the path or within it: what follows from that is not said again. */
    touches(path: Path): boolean {
        return this.places.some((place) => place.slice(0, path.length).every((part, index) => part === path[index]));
    }
}

/** `services.cart.env["a/b"]`, `clusters[0].region`. */
export function formatPath(path: Path): string {
    return path
        .map((part, index) => {
            if (typeof part === "number") {
                return `[${part}]`;
            }
            return index === 0 || /^[\w$-]+$/.test(part) ? `${index > 0 ? "." : ""}${part}` : `[${JSON.stringify(part)}]`;
        })
        .join("");
}
