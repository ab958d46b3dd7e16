import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import type { BringingService } from "../../core/manifests/bring/bringingService";
import { renderBrought } from "../../core/manifests/bring/render";
import type { BroughtObject } from "../../core/settings/model";
import { billing, broughtCatalog, commit, contextOf, deployment, proxy, renderBilling } from "./broughtFixture";

type Tree = Record<string, unknown>;

// Texts that a reader of YAML could take for something else are among them.
const text = fc.oneof(
    fc.string(),
    fc.constantFrom("yes", "0644", "10:30", "2001-12-14", "1e3", "~", "<<", "null", "a: b", "line\nline\n", "#", "0x1f", "1_000"),
);
const key = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== "__proto__");
const value = fc.letrec((tie) => ({
    any: fc.oneof(
        { depthSize: "small" },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(key, tie("any"), { maxKeys: 3, noNullPrototype: true }),
    ),
})).any;
const anything = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
const texts = fc.dictionary(
    fc.oneof(key, fc.constantFrom("app", "app.kubernetes.io/part-of", "app.kubernetes.io/instance")),
    text,
    { maxKeys: 3, noNullPrototype: true },
);

/** Metadata as teams write it: with labels, with empty ones, with none. */
const metadata = fc.record(
    {
        labels: fc.oneof(texts, fc.constant(null)),
        annotations: fc.oneof(texts, fc.constant(null)),
        finalizers: fc.array(text, { maxLength: 2 }),
    },
    { requiredKeys: [], noNullPrototype: true },
);
const container = fc
    .tuple(anything, fc.constantFrom("billing", "gcr.io/acme/billing:v1", proxy))
    .map(([more, image]) => ({ ...more, name: "c", image }));
const template = fc
    .tuple(metadata, anything, fc.array(container, { minLength: 1, maxLength: 3 }), fc.array(container, { maxLength: 2 }))
    .map(([meta, more, containers, initContainers]) => ({
        metadata: meta,
        spec: { ...more, containers, initContainers, volumes: [{ name: "v", image: { reference: proxy } }] },
    }));
const object: fc.Arbitrary<BroughtObject> = fc
    .tuple(
        fc.constantFrom(
            "apps/v1 Deployment",
            "apps/v1 StatefulSet",
            "batch/v1 Job",
            "batch/v1 CronJob",
            "v1 ConfigMap",
            "v1 Service",
        ),
        metadata,
        anything,
        template,
    )
    .map(([type, meta, more, pods]) => {
        const [apiVersion, kind] = type.split(" ");
        const spec = kind === "CronJob" ? { ...more, jobTemplate: { spec: { template: pods } } } : { ...more, template: pods };
        const withPods = !apiVersion.startsWith("v1");
        return { apiVersion, kind, metadata: { ...meta, name: "billing" }, ...(withPods ? { spec } : { data: more }) };
    });

describe("Any manifests that a service brings", () => {
    const catalog = broughtCatalog({
        "billing.yaml": deployment("billing", [
            { name: "c", image: "billing" },
            { name: "p", image: proxy },
        ]),
    });
    const render = (...objects: BroughtObject[]) => {
        const service = catalog.services.billing as BringingService;
        return renderBrought({ ...service, manifests: { ...service.manifests, objects } }, contextOf(catalog)).objects;
    };

    it("come back as they were given once namespace, labels, commit and digests are taken out again", () => {
        fc.assert(
            fc.property(object, (given) => {
                const before = JSON.stringify(given);
                const [rendered] = render(given);
                assert.equal(JSON.stringify(given), before);
                assert.deepEqual(taken(rendered, given), given);
            }),
        );
    });

    it("have no image but pinned ones, and pods that policies find", () => {
        fc.assert(
            fc.property(object, (given) => {
                const [{ spec, kind }] = render(given) as unknown as [{ spec?: Tree; kind: string }];
                const pods = (kind === "CronJob" ? (spec?.jobTemplate as { spec: Tree }).spec : spec)?.template as
                    { metadata: { labels: Tree }; spec: Record<string, { image: unknown }[]> } | undefined;
                if (pods) {
                    const images = [...pods.spec.containers, ...pods.spec.initContainers].map(({ image }) => image);
                    assert.ok(
                        images.every((image) =>
                            /^registry\.example\/billing(\/envoyproxy\/envoy)?@sha256:5{64}$/.test(String(image)),
                        ),
                        String(images),
                    );
                    assert.equal(pods.metadata.labels["app.kubernetes.io/name"], "billing");
                }
            }),
        );
    });

    it("are read from YAML as the values that they are", () => {
        fc.assert(
            fc.property(object, (given) => {
                const config = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "given" }, given };
                const files = {
                    "a.yaml": stringify(config, { compat: "yaml-1.1" }),
                    "b.yaml": billing,
                    "c.json": JSON.stringify({ ...config, metadata: { name: "same" } }),
                };
                const [read, same] = renderBilling(broughtCatalog(files));
                assert.deepEqual(read.given, given);
                assert.deepEqual(same.given, given);
            }),
            { numRuns: 30 },
        );
    });
});

/** The object without what was added to the given one. It knows the places from the API's documentation, not from the renderer. */
function taken(rendered: BroughtObject, given: BroughtObject): unknown {
    const plain = JSON.parse(
        JSON.stringify(rendered)
            .replaceAll(`registry.example/billing/envoyproxy/envoy@sha256:${"5".repeat(64)}`, proxy)
            .replaceAll(`registry.example/billing@sha256:${"5".repeat(64)}`, "OWN"),
    ) as Tree;
    const own = JSON.parse(JSON.stringify(given)) as Tree;
    const templates = (tree: Tree) => {
        const spec = tree.spec as Tree | undefined;
        const jobs = (spec?.jobTemplate as Tree | undefined)?.spec as Tree | undefined;
        return [(jobs ?? spec)?.template as Tree | undefined].filter((one) => one !== undefined);
    };
    const metadata = (tree: Tree) => tree.metadata as Tree;
    assert.equal(metadata(plain).namespace, "shop-stage");
    delete metadata(plain).namespace;
    const [labels, said] = [/^app\.kubernetes\.io\/(name|instance|part-of|managed-by)$/, /^oneflow\.dev\/commit$/];
    withoutAdded(metadata(plain), metadata(own), "labels", labels);
    withoutAdded(metadata(plain), metadata(own), "annotations", said);
    templates(plain).forEach((template, index) => {
        const ownTemplate = templates(own)[index];
        withoutAdded(metadata(template), metadata(ownTemplate), "labels", labels);
        for (const list of ["containers", "initContainers"]) {
            ((template.spec as Tree)[list] as Tree[]).forEach((container, position) => {
                const { image } = ((ownTemplate.spec as Tree)[list] as Tree[])[position];
                container.image = container.image === "OWN" && image !== proxy ? image : container.image;
            });
        }
    });
    assert.ok(JSON.stringify(rendered).includes(commit) === templates(own).some((one) => JSON.stringify(one).includes("billing")));
    return plain;
}

function withoutAdded(plain: Tree, given: Tree, field: string, added: RegExp): void {
    const own = given[field] as Tree | null | undefined;
    const left = Object.fromEntries(
        Object.entries((plain[field] ?? {}) as Tree).filter(([name]) => !added.test(name) || Object.hasOwn(own ?? {}, name)),
    );
    if (Object.keys(left).length > 0 || own) {
        plain[field] = left;
    } else if (own === null) {
        plain[field] = null;
    } else {
        Reflect.deleteProperty(plain, field);
    }
}
