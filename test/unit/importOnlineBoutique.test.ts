import assert from "node:assert/strict";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { catalogText } from "../../core/manifests/import/catalogText";
import { collect } from "../../core/manifests/import/folder";
import type { Imported } from "../../core/manifests/import/importManifests";
import { readCatalog } from "../../core/settings/catalog";
import { Findings } from "../../core/settings/findings";
import { readSettings } from "../../core/settings/load";
import type { Catalog } from "../../core/settings/model";
import { boutiqueFiles, imported, importedFrom, linesOf, rendered, servicesShape, tree } from "./importFixture";

const redis = "redis:8.10.1-alpine@sha256:becdda6c7f4b3fb42e42fd7f120bbf5c54c4caaaf16f26da24e4563d2c1f0576";
/** What the manifests cannot say, and the checked-in catalog does. */
const told = {
    // Its Dockerfile stands one folder deeper than those of the others.
    sources: { cartservice: "src/cartservice/src" },
    // The manifests name a tag, and a tag may mean another image tomorrow.
    images: { "redis:alpine": redis },
};

function catalogOf(text: string): Catalog {
    const findings = new Findings("services.yaml: ");
    const catalog = readCatalog(servicesShape, parse(text), findings);
    assert.deepEqual(findings.problems, []);
    return catalog;
}

describe("Importing Online Boutique", () => {
    let withTold: Imported;
    let asItIs: Imported;
    let checkedIn: Catalog;
    before(() => {
        const collected = collect(tree(boutiqueFiles()), ".");
        withTold = imported(collected, told);
        asItIs = imported(collected);
        checkedIn = readSettings({ directory: join(__dirname, "..", ".."), stack: "stage" }).catalog;
    });

    it("gives the checked-in catalog, once it is told a folder and a digest", () => {
        assert.deepEqual(catalogOf(catalogText(withTold, "k8s")), checkedIn);
    });

    it("differs from it otherwise in that folder and that digest, and says so", () => {
        const catalog = catalogOf(catalogText(asItIs, "k8s"));
        const { "redis-cart": cart, ...others } = checkedIn.services;
        const { cartservice } = others;
        assert.ok(cartservice.image.from === "source" && cart.image.from === "thirdParty");
        const { calls, ...withoutCalls } = cartservice;
        assert.deepEqual(calls, ["redis-cart"]);
        assert.deepEqual(catalog.services, {
            ...others,
            cartservice: { ...withoutCalls, image: { ...cartservice.image, path: "src/cartservice" } },
        });
        assert.deepEqual(
            linesOf(asItIs).filter((line) => line.startsWith("not carried:")),
            [
                "not carried: Deployment/redis-cart: image: redis:alpine has no digest, and nothing tells that the repository builds it. " +
                    "Import again with --image redis:alpine=redis:alpine@$(crane digest redis:alpine), or, where it is built, with --source redis-cart=<folder>",
                "not carried: Deployment/cartservice: calls: it calls redis-cart, which is a comment until its image has a digest; then add redis-cart to calls",
            ],
        );
    });

    it("writes an entry without its digest as a comment that becomes one", () => {
        const text = catalogText(asItIs, "k8s").replace(/^ {2}# (?=redis-cart:| {2})/gm, "  ");
        const services = parse(text.replace(`redis:alpine@sha256:${"0".repeat(64)}`, redis)) as {
            services: Record<string, unknown>;
        };
        assert.deepEqual(services.services["redis-cart"], withTold.entries["redis-cart"]);
    });

    it("carries everything: two lines tell what a person should look at", () => {
        assert.deepEqual(linesOf(withTold), [
            "stricter: Deployment/frontend: env[SHOPPING_ASSISTANT_SERVICE_ADDR]: names shoppingassistantservice, which is no service here, " +
                "and pods may call only those that `calls` names; if it is needed, write unrestrictedEgress: true",
            "note: Deployment/loadgenerator: kustomization.yaml does not list loadgenerator.yaml; delete the service if it is not deployed",
        ]);
    });

    it("loses no leaf of any document: each is rendered again, but for names and images of containers", () => {
        const documents = Object.entries(boutiqueFiles())
            .filter(([file]) => file !== "kustomization.yaml")
            .flatMap(([, text]) => parseAllDocuments(text).map((document) => document.toJS() as Tree));
        const objects = rendered(withTold.catalog);
        const differences = documents.flatMap((document) => {
            const same = objects.find((object) => key(object) === key(document));
            assert.ok(same, `${key(document)} is rendered`);
            return missing(document, same).map((path) => `${key(document)} ${path}`);
        });
        const containers = Object.keys(checkedIn.services).flatMap((name) => [
            // One rule for all services, the manifests have three: a container is named as its service.
            `Deployment/${name} spec.template.spec.containers[0].name`,
            // The pipeline's, and the digest that was told.
            `Deployment/${name} spec.template.spec.containers[0].image`,
        ]);
        assert.deepEqual(new Set(differences), new Set(containers));
        assert.equal(documents.length, 12 + 12 + 11);
    });

    it("is a fixed point: what is rendered from it is imported as itself", () => {
        const again = importedFrom(rendered(withTold.catalog), { sources: told.sources });
        assert.deepEqual(again.entries, withTold.entries);
        assert.deepEqual(again.defaults, withTold.defaults);
        assert.deepEqual(rendered(again.catalog), rendered(withTold.catalog));
        assert.deepEqual(
            linesOf(again).filter((line) => !line.includes("SHOPPING_ASSISTANT")),
            [],
        );
    });
});

type Tree = Record<string, unknown>;

function key({ kind, metadata }: Tree): string {
    return `${String(kind)}/${String((metadata as Tree).name)}`;
}

/** Paths of the leaves that the other tree does not have with the same value. Variables are told by their names: none refers to another. */
function missing(before: unknown, after: unknown, path = ""): string[] {
    if (typeof before !== "object" || before === null) {
        return before === after ? [] : [path];
    }
    if (typeof after !== "object" || after === null) {
        return [path];
    }
    if (path.endsWith(".env")) {
        return missing(byName(before as Tree[]), byName(after as Tree[]), `${path} by name`);
    }
    return Object.entries(before).flatMap(([name, inner]) =>
        missing(inner, (after as Tree)[name], Array.isArray(before) ? `${path}[${name}]` : `${path}${path && "."}${name}`),
    );
}

function byName(list: readonly Tree[]): Tree {
    return Object.fromEntries(list.map((item) => [String(item.name), item]));
}
