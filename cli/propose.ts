import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Proposed, shortRef, textHash } from "../core/deployment/proposed";
import { Refusal } from "../core/refusal";
import { commitIn } from "../core/settings/stackText";
import { wantedFile } from "./wantedPromotion";

const title = "Nothing was proposed";

/**
 * `oneflow propose <environment> <ref>`: writes the ref into the environment's file, for a preview to read, and prints the pull
 * request that does the same. It asks no registry: the preview judges the promotion.
 *
 * @throws Refusal where the configuration does not take the ref; then the file is as it was
 */
export async function main(argv: readonly string[]): Promise<number> {
    const [name, ref, ...more] = argv;
    if (!name || !ref || more.length > 0) {
        const message = "takes the name of one environment, and what to promote to it";
        const remedy = "npx oneflow propose stage <full sha, or v1.4.0>";
        throw new Refusal(title, [{ subject: "oneflow propose", message, remedy }]);
    }
    console.log(JSON.stringify(propose(process.cwd(), name, ref)));
    return 0;
}

function propose(directory: string, name: string, ref: string): Proposed {
    const { settings, file, before, text } = wantedFile(directory, { environment: name, ref, services: [] }, title);
    if (text === before) {
        throw new Refusal(title, [{ subject: name, message: `is at ${ref} already: ${file} says so` }]);
    }
    writeFileSync(join(directory, file), text);
    const short = shortRef(ref);
    return {
        branch: `promote/${name}/${short}`,
        title: `Promote ${short} to ${name}`,
        body: `${name} goes from ${commitIn(before, settings.project) ?? "nothing"} to ${ref}. Merging this deploys it.`,
        ...{ file, text, was: textHash(before) },
    };
}
