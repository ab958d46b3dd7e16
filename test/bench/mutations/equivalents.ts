import type { Mutant } from "./mutants";

/** Mutants that decide and say the same as the source does, each with the reason: no test could notice them. */
const equivalents: readonly { file: string; after: string; because: string }[] = [
    {
        file: "promotion/freeze.ts",
        after: "met.length <= mostMeeting",
        because: "fifty windows that follow each other are without an end, and so are fifty-one",
    },
    {
        file: "promotion/freeze.ts",
        after: "time(ends) < time(begins)",
        because: "the settings refuse a window that begins and ends at one moment of the week",
    },
    {
        file: "promotion/freeze.ts",
        after: "middle + clock(middle) <= wall",
        because: "only a time that the clocks never show is looked for like this, so none is equal to it",
    },
];

/** Why nothing could notice a mutant. Nothing where something could. */
export function whyEquivalent({ file, after }: Pick<Mutant, "file" | "after">): string | undefined {
    return equivalents.find((one) => file.endsWith(one.file) && after === one.after)?.because;
}
