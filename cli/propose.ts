import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Proposed, textHash } from "../core/deployment/proposed";
import { Refusal } from "../core/refusal";
import { readSettings } from "../core/settings/load";
import type { Environment } from "../core/settings/model";
import { stackFile } from "../core/settings/stackFile";
import { withRequest } from "../core/settings/stackText";

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
        throw new Refusal("Nothing was proposed", [{ subject: "oneflow propose", message, remedy }]);
    }
    console.log(JSON.stringify(propose(process.cwd(), name, ref)));
    return 0;
}

function propose(directory: string, name: string, ref: string): Proposed {
    const { project, environment } = readEnvironment(directory, name);
    if (environment.commit === ref) {
        throw new Refusal("Nothing was proposed", [{ subject: name, message: `is at ${ref} already: ${stackFile(name)} says so` }]);
    }
    const file = join(directory, stackFile(name));
    const before = readFileSync(file, "utf8");
    const text = withRequest(before, project, { commit: ref });
    writeFileSync(file, text);
    try {
        readEnvironment(directory, name);
    } catch (error) {
        writeFileSync(file, before);
        throw error;
    }
    const short = /^[0-9a-f]{40}$/.test(ref) ? ref.slice(0, 12) : ref;
    return {
        branch: `promote/${name}/${short}`,
        title: `Promote ${short} to ${name}`,
        body: `${name} goes from ${environment.commit ?? "nothing"} to ${ref}. Merging this deploys it.`,
        file: stackFile(name),
        text,
        was: textHash(before),
    };
}

function readEnvironment(directory: string, name: string): { project: string; environment: Environment } {
    const { project, target } = readSettings({ directory, stack: name });
    if (target.kind !== "environment") {
        const message = "is a platform stack: nothing is promoted to it";
        throw new Refusal("Nothing was proposed", [{ subject: name, message }]);
    }
    return { project, environment: target.environment };
}
