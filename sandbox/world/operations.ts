import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { readSettings } from "../../core/settings/load";
import type { Settings } from "../../core/settings/model";
import { runGit } from "../git/command";
import { writeMonorepo } from "../git/monorepo";
import { organisation } from "./names";
import type { Delivered } from "./settings";
import { thirdPartyImages } from "./upstream";

/** What the sandbox's operations repository differs in from the example that stands in this project. */
export interface LocalContent {
    /** Address of the registry that plays Artifact Registry. */
    registry: string;
    /** Third-party image → the reference, by digest, that stands for it on the sandbox's upstream. */
    thirdParty(images: readonly string[]): Promise<Readonly<Record<string, string>>>;
    /** @default what the project delivers */
    delivers?: Delivered;
}

/** Files of this project that its user has: all but what tests it and what plays the world. */
export async function programFiles(project: string): Promise<string[]> {
    const { stdout } = await runGit(project, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    const notTheirs =
        /^(test|sandbox|docs|\.ci|\.github)\/|^(README|CONTRIBUTING|SECURITY)\.md$|^eslint|^\.(mocharc|prettier|editorconfig)/;
    return stdout
        .toString()
        .split("\0")
        .filter((path) => path && !notTheirs.test(path));
}

/**
 * Makes a checkout a copy of this project, with the sources that are built from it beside: what a team's operations repository is
 * after they took oneflow over.
 */
export async function writeOperations(
    project: string,
    checkout: string,
    { registry, thirdParty, delivers }: LocalContent,
): Promise<Pick<Settings, "catalog" | "delivery">> {
    for (const path of await programFiles(project)) {
        mkdirSync(dirname(join(checkout, path)), { recursive: true });
        cpSync(join(project, path), join(checkout, path));
    }
    const platform = ["config", "acme-shop:platform"];
    editYaml(join(checkout, "Pulumi.platform.yaml"), [
        [[...platform, "deploy"], `${registry}/${organisation.projects.platform}/deploy`],
        ...(delivers ? [[[...platform, "operations", "repository"], delivers.operations] as const] : []),
    ]);
    for (const environment of organisation.environments) {
        editYaml(join(checkout, `Pulumi.${environment}.yaml`), [
            [["config", "acme-shop:environment", "registry"], `${registry}/${organisation.projects[environment]}`],
            ...(environment === "dev" ? [[["config", "acme-shop:commit"], "latest"] as const] : []),
        ]);
    }
    const services = join(checkout, "services.yaml");
    if (delivers) writeFileSync(services, delivers.catalog);
    const settings = () => readSettings({ directory: checkout, stack: "platform" });
    replaceThirdParty(services, await thirdParty(thirdPartyImages(settings().catalog)));
    const { catalog, delivery } = settings();
    await writeMonorepo(checkout, catalog, delivery.operations.repository);
    return { catalog, delivery };
}

/** Lets a checkout use the dependencies that are installed already, unseen by git. */
export function linkDependencies(project: string, checkout: string): void {
    symlinkSync(join(project, "node_modules"), join(checkout, "node_modules"));
    appendFileSync(join(checkout, ".git", "info", "exclude"), "node_modules\n.oneflow\n");
}

function editYaml(file: string, edits: readonly (readonly [readonly string[], string])[]): void {
    const document = parseDocument(readFileSync(file, "utf8"));
    for (const [path, value] of edits) {
        document.setIn(path, value);
    }
    writeFileSync(file, document.toString({ lineWidth: 0 }));
}

function replaceThirdParty(file: string, images: Readonly<Record<string, string>>): void {
    const text = Object.entries(images).reduce(
        (yaml, [image, local]) => {
            if (!yaml.includes(image)) {
                throw new Error(`${file} names no image ${image}: the sandbox does not know which one to play`);
            }
            return yaml.replaceAll(image, local);
        },
        readFileSync(file, "utf8"),
    );
    writeFileSync(file, text);
}
