import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Collected, collect, type ManifestTree } from "../../core/manifests/import/folder";
import { type ImportOptions, type Imported, importManifests } from "../../core/manifests/import/importManifests";
import { formatLine } from "../../core/manifests/import/objects";
import { renderService } from "../../core/manifests/workload";
import type { Catalog } from "../../core/settings/model";
import { readShapes } from "../../core/settings/shape";

export const servicesShape = readShapes().services;
export const boutique = join(__dirname, "..", "data", "online-boutique");

/** A folder of manifests: file → YAML, or the documents themselves. */
export function tree(files: Readonly<Record<string, string | readonly unknown[]>>): ManifestTree {
    const folderOf = (file: string) => (file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : ".");
    const all = Object.keys(files);
    const folders = [...new Set(all.flatMap((file) => parents(folderOf(file))))];
    return {
        files: (folder) => all.filter((file) => folderOf(file) === folder).sort(),
        folders: (folder) => folders.filter((inner) => inner !== folder && folderOf(inner) === folder).sort(),
        documents: (file) => {
            const content = files[file];
            return typeof content === "string" ? parseAllDocuments(content).map((document) => document.toJS() as unknown) : content;
        },
    };
}

function parents(folder: string): string[] {
    return folder === "." ? [] : folder.includes("/") ? [...parents(folder.slice(0, folder.lastIndexOf("/"))), folder] : [folder];
}

/** Online Boutique's manifests, by file name. */
export function boutiqueFiles(): Record<string, string> {
    const names = readdirSync(boutique).filter((name) => name.endsWith(".yaml"));
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(boutique, name), "utf8")]));
}

export function imported(collected: Collected, options: Partial<ImportOptions> = {}): Imported {
    return importManifests(collected, { repository: "acme/shop", ...options }, servicesShape);
}

/** What importing documents, one or more of them, gives. */
export function importedFrom(documents: string | readonly unknown[], options: Partial<ImportOptions> = {}): Imported {
    return imported(collect(tree({ "k8s/all.yaml": documents }), "k8s"), options);
}

/** The lines of an import about what the one file says, without its name. */
export function linesOf({ lines }: Pick<Imported, "lines">): string[] {
    return lines.map((line) => formatLine({ ...line, file: "" }));
}

/** All objects of a catalog, with images by which importing tells what is built from what is not. */
export function rendered(catalog: Catalog): Record<string, unknown>[] {
    const context = {
        environment: "stage",
        namespace: "shop",
        cloudProject: "acme-stage",
        partOf: "acme-shop",
        services: catalog.services,
        image: (imageName: string) => {
            const [name, init] = imageName.split("/");
            const { image, init: inits } = catalog.services[name];
            const meant = init === undefined ? image : inits.find((one) => one.name === init)!.image;
            return meant.from === "source" ? `registry.example/acme/${name}:v1` : meant.source;
        },
    };
    return Object.values(catalog.services).flatMap(
        (service) => Object.values(renderService(service, context)).flat() as unknown as Record<string, unknown>[],
    );
}
