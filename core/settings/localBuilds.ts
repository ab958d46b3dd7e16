import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Findings } from "./findings";
import type { Catalog } from "./model";

/**
 * `build: local` is for the working copy of one person: it holds in the first environment, for sources that stand in this checkout.
 *
 * Platform stacks refuse it too. They deploy no service, but the pipeline reads a commit's catalog as they do, so a commit that holds
 * the line is never built.
 */
export function refuseLocalBuilds(
    { services }: Catalog,
    here: {
        /** Folder of the checkout. */
        directory: string;
        /** The stack that the settings are read for. */
        stack: string;
        /** Name of the first environment. */
        first: string;
        /** The repository that this is a checkout of. Absent: not known, and told elsewhere. */
        checkout: string | undefined;
    },
    findings: Findings,
): void {
    for (const { name, build, image } of Object.values(services)) {
        const path = ["services", name, "build"];
        if (build === undefined || findings.touches(["services", name, "source"])) {
            continue;
        }
        if (image.from === "thirdParty") {
            findings.add(path, `local builds from a source, and the image of ${name} is another's`, "delete the line");
        } else if (here.stack !== here.first) {
            findings.add(
                path,
                `${name} says build: local, which holds in ${here.first} only: what a working copy has is no commit's, so it can never be promoted`,
                `delete the line\nor, to try the working copy: pulumi up -s ${here.first}`,
            );
        } else if (here.checkout !== undefined && image.repository.toLowerCase() !== here.checkout.toLowerCase()) {
            findings.add(
                path,
                `${name} is built from ${image.repository}, and this is a checkout of ${here.checkout}: its source is not here`,
                "delete the line: the pipeline builds it",
            );
        } else if (image.alsoBuildFrom.length > 0) {
            findings.add(
                path,
                `${name} is also built from ${image.alsoBuildFrom.join(", ")}, and a local build sees ${image.path} alone`,
                "delete the line: the pipeline builds it with those folders",
            );
        } else if (image.path && !existsSync(join(here.directory, image.path, image.dockerfile))) {
            findings.add(
                path,
                `${join(image.path, image.dockerfile)} does not exist in this checkout, so there is nothing to build`,
                "write it, or delete the line: the pipeline builds from the commit",
            );
        }
    }
}
