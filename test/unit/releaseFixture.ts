import type { Release } from "../../core/release/release";
import { parse } from "yaml";
import type { BroughtObject } from "../../core/settings/model";
import { catalogOf, commit, imagesOf, lockOf } from "./promotionExamples";

export const deploy = "europe-west1-docker.pkg.dev/acme-delivery/deploy";
export const sha = commit("9f8e02b");

/** A release of cart, with an image of others beside it, and checkout. */
export function releaseOf(changes: Partial<Release> = {}): Release {
    const catalog = catalogOf("cart", "cart/wait", "checkout");
    return {
        project: "shop",
        version: "1.4.0",
        deploy,
        lock: lockOf(sha, imagesOf(catalog, sha), catalog),
        target: { environment: "prod", cloudProject: "acme-prod", namespace: "shop-prod" },
        ...changes,
    };
}

/** The release with changes in the entries of its catalog: service → what is other. */
export function withEntries(release: Release, changes: Readonly<Record<string, object>>): Release {
    const services = Object.fromEntries(
        Object.entries(release.lock.catalog.services).map(([name, service]) => [name, { ...service, ...changes[name] }]),
    );
    return { ...release, lock: { ...release.lock, catalog: { services } } };
}

/** Objects of a YAML text, split as Helm and kubectl split it. */
export function objectsIn(text: string): BroughtObject[] {
    return text
        .split(/(?:^|\s*\n)---\s*/)
        .filter((document) => document.trim() !== "")
        .map((document) => parse(document) as BroughtObject);
}
