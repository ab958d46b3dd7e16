import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal, type Problem } from "../../core/refusal";
import { digestOf } from "../../core/registry/contents";
import type { Bundle } from "../../core/registry/model";
import { packArchive, unpackArchive } from "../../core/release/archive";
import { canonicalJson, imageSet, setKey } from "../../core/release/lock";
import type { Release } from "../../core/release/release";
import { parseRelease, releaseBundle } from "../../core/release/releaseDocument";
import { releaseObjects } from "../../core/release/releaseObjects";
import { templateImages } from "../../core/release/manifestText";
import { anyService } from "./manifestsAnyService";
import { broughtCatalog, deployment, proxy } from "./broughtFixture";
import { digest, imagesOf, lockOf } from "./promotionExamples";
import { deploy, releaseOf, sha, withEntries } from "./releaseFixture";

const release = releaseOf();
const [chart, lock, kustomization] = [0, 1, 2];
const changed = "does not deploy what the chart does: its kustomization.yaml changes it.";

describe("a release", () => {
    it("is a chart to Helm, with the lock and the kustomization beside it", () => {
        const { config, layers } = releaseBundle(release);
        assert.equal(config.mediaType, "application/vnd.cncf.helm.config.v1+json");
        assert.deepEqual(
            layers.map(({ mediaType }) => mediaType),
            [
                "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "application/vnd.oneflow.lock.v1+json",
                "application/vnd.oneflow.kustomization.v1.tar+gzip",
            ],
        );
        assert.deepEqual(JSON.parse(config.content.toString()), {
            apiVersion: "v2",
            name: "shop",
            type: "application",
            version: "1.4.0",
            appVersion: "1.4.0",
            description: "shop v1.4.0: every service by digest",
            annotations: {
                "oneflow.dev/schema": "oneflow.dev/release/v1",
                "oneflow.dev/project": "shop",
                "oneflow.dev/deploy": deploy,
                "oneflow.dev/environment": "prod",
                "oneflow.dev/cloudProject": "acme-prod",
                "oneflow.dev/namespace": "shop-prod",
                "oneflow.dev/commit": sha,
                "oneflow.dev/set": setKey(imageSet(release.lock.images)),
                "oneflow.dev/lock": digestOf(layers[lock].content),
                "oneflow.dev/kustomization": digestOf(layers[kustomization].content),
            },
        });
    });

    it("reads back as it was", () => {
        assert.deepEqual(parseRelease(releaseBundle(release)), release);
    });

    it("reads back as it was, whatever its services are", () => {
        fc.assert(
            fc.property(anyRelease, (any) => {
                assert.equal(canonicalJson(parseRelease(releaseBundle(any))), canonicalJson(any));
            }),
            { seed: 1, numRuns: 30 },
        );
    });

    it("has the same bytes whatever the order of its keys", () => {
        fc.assert(
            fc.property(anyRelease, (any) => {
                assert.deepEqual(releaseBundle(turned(any) as Release), releaseBundle(any));
            }),
            { seed: 2, numRuns: 20 },
        );
    });

    it("deploys the same objects whatever the order of its catalog's services", () => {
        const called = withEntries(release, { cart: { calls: ["checkout"] }, checkout: { calls: ["checkout"] } });
        assert.equal(canonicalJson([...releaseObjects(turned(called) as Release)]), canonicalJson([...releaseObjects(called)]));
    });

    it("is refused with any one byte changed, whichever of its pieces that is in", () => {
        const bundle = releaseBundle(release);
        const pieces = [bundle.config, ...bundle.layers].map(({ content }) => content);
        fc.assert(
            fc.property(
                fc
                    .integer({ min: 0, max: pieces.length - 1 })
                    .chain((piece) =>
                        fc.tuple(
                            fc.constant(piece),
                            fc.integer({ min: 0, max: pieces[piece].length - 1 }),
                            fc.integer({ min: 1, max: 255 }),
                        ),
                    ),
                ([piece, at, change]) => {
                    const changed = Buffer.from(pieces[piece]);
                    changed[at] ^= change;
                    assert.throws(() => parseRelease(withPiece(bundle, piece, changed)), Refusal);
                },
            ),
            { seed: 3, numRuns: 300 },
        );
    });

    it("is refused where one of its pieces is cut off, wherever", () => {
        const bundle = releaseBundle(release);
        const pieces = [bundle.config, ...bundle.layers].map(({ content }) => content);
        fc.assert(
            fc.property(
                fc.integer({ min: 0, max: pieces.length - 1 }),
                fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
                (piece, part) => {
                    const cut = pieces[piece].subarray(0, Math.floor(pieces[piece].length * part));
                    assert.throws(() => parseRelease(withPiece(bundle, piece, cut)), Refusal);
                },
            ),
            { seed: 4, numRuns: 200 },
        );
    });

    it("is refused where a layer is missing, or one too many is there", () => {
        const { config, layers } = releaseBundle(release);
        for (const others of [layers.slice(0, 2), [...layers, layers[chart]], [], [...layers].reverse()]) {
            assert.throws(() => parseRelease({ config, layers: others }), Refusal);
        }
    });

    it("is refused where it is the chart of another program", () => {
        const { layers } = releaseBundle(release);
        const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", content: Buffer.from('{"name":"nginx"}') };
        assert.deepEqual(
            problemsOf(() => parseRelease({ config, layers })).map(({ subject }) => subject),
            ["config.annotations", "schema"],
        );
    });

    it("is refused where chart and lock are of two releases", () => {
        const other = releaseBundle(releaseOf({ lock: { ...release.lock, source: { ...release.lock.source, branch: "main" } } }));
        const { config, layers } = releaseBundle(release);
        assert.deepEqual(
            problemsOf(() => parseRelease({ config, layers: [layers[chart], other.layers[lock], layers[kustomization]] })).map(
                ({ subject }) => subject,
            ),
            ["config.annotations"],
        );
    });

    it("is refused where an image of the chart is not the lock's, even where all digests of its pieces are right", () => {
        const edit: Edit = (text) => text.replaceAll(release.lock.images.cart.digest, digest("bad"));
        const forged = forge(both(edit));
        assert.deepEqual(
            problemsOf(() => parseRelease(forged)),
            [
                {
                    subject: "chart.cart",
                    message: `is "${digest("bad")}", expected ${release.lock.images.cart.digest}.`,
                },
                { subject: "kustomization", message: changed },
            ],
        );
    });

    it("is refused where the kustomization deploys something else than the chart", () => {
        const forged = forge({ resources: (text) => text.replaceAll('"RollingUpdate"', '"Recreate"') });
        assert.deepEqual(
            problemsOf(() => parseRelease(forged)),
            ["cart", "checkout"].map((name) => ({
                subject: `services/${name}.yaml`,
                message: "is not the same in chart and kustomization.",
            })),
        );
    });

    for (const [what, edits, subject, message] of [
        [
            "kustomization puts another image in its place",
            { resources: (text) => text.replace(/(\n +digest: "sha256:)[0-9a-f]{64}/, `$1${"e".repeat(64)}`) },
            "kustomization",
            changed,
        ],
        [
            "kustomization patches what it deploys",
            { resources: (text) => text.replace(/^namespace:/m, "patches: []\nnamespace:") },
            "kustomization",
            changed,
        ],
        [
            "kustomization is not YAML",
            { resources: (text) => text.replace(/^namespace:/m, "namespace: ]") },
            "kustomization",
            "is damaged: ",
        ],
        [
            "chart takes its images from elsewhere",
            { templates: (text) => text.replace(`registry: "${deploy}"`, 'registry: "evil.example"') },
            "chart.values",
            `is {"namespace":"","registry":"evil.example"}, expected {"namespace":"","registry":"${deploy}"}.`,
        ],
        [
            "chart goes to a namespace of its own",
            { templates: (text) => text.replace('namespace: ""', 'namespace: "kube-system"') },
            "chart.values",
            'is {"namespace":"kube-system",',
        ],
        [
            "chart asks something else of Helm",
            both((text) => text.replace(/^ {2}namespace: .*$/m, `$&\n  annotations: { a: "{{ env }}" }`)),
            "default-deny.yaml",
            "asks more of Helm than a namespace and a registry.",
        ],
    ] as readonly [string, Parameters<typeof forge>[0], string, string][]) {
        it(`is refused where its ${what}`, () => {
            const [problem] = problemsOf(() => parseRelease(forge(edits)));
            assert.equal(problem.subject, subject);
            assert.equal(problem.message.slice(0, message.length), message);
        });
    }

    it("is refused where its chart holds more than is looked at", () => {
        const { config, layers } = releaseBundle(release);
        const content = packArchive(new Map([...unpackArchive(layers[chart].content), ["shop/crds/evil.yaml", "{}"]]));
        assert.deepEqual(
            problemsOf(() =>
                parseRelease({ config, layers: [{ ...layers[chart], content }, layers[lock], layers[kustomization]] }),
            ),
            [
                {
                    subject: "chart",
                    message:
                        "is damaged: beside its templates it holds shop/Chart.yaml, shop/crds/evil.yaml, shop/values.schema.json, " +
                        "shop/values.yaml; expected shop/Chart.yaml, shop/values.schema.json, shop/values.yaml.",
                },
            ],
        );
    });

    it("is refused where the lock has an image that nothing deploys", () => {
        const edit: Edit = (text) => text.replaceAll(/^.*image: .*\/cart\/wait@.*\n/gm, "");
        assert.deepEqual(
            problemsOf(() => parseRelease(forge(both(edit)))),
            [{ subject: "chart.cart/wait", message: "is deployed by nothing: the lock has it." }],
        );
    });

    it("is refused where its lock is written otherwise than every oneflow writes it", () => {
        const forged = forge({ lock: (text) => JSON.stringify(JSON.parse(text), undefined, 1) });
        const found = digestOf(forged.layers[lock].content);
        assert.deepEqual(
            problemsOf(() => parseRelease(forged)),
            [{ subject: "lock", message: `is "${found}", expected its canonical bytes.` }],
        );
    });

    it("is refused where Helm would be told something else than what stands in the registry", () => {
        const forged = forge({
            config: (text) => text.replace('"oneflow.dev/namespace":"shop-prod"', '"oneflow.dev/namespace":"other"'),
        });
        assert.deepEqual(
            problemsOf(() => parseRelease(forged)).map(({ subject }) => subject),
            ["chart", "default-deny.yaml", "services/cart.yaml", "services/checkout.yaml", "kustomization"],
        );
    });

    it("reads back where a service brings its manifests, with images of others in them", () => {
        const sidecar = { name: "proxy", image: proxy };
        const brought = deployment("billing", [{ name: "server", image: "billing", args: ["{{ .Values.registry }}"] }, sidecar]);
        const catalog = broughtCatalog({ "deployment.yaml": brought });
        const any = releaseOf({ lock: lockOf(sha, imagesOf(catalog, sha), catalog) });
        const bundle = releaseBundle(any);
        assert.equal(canonicalJson(parseRelease(bundle)), canonicalJson(any));
        const text = unpackArchive(bundle.layers[chart].content).get("shop/templates/services/billing.yaml")!;
        assert.deepEqual(
            templateImages(text).map(({ name }) => name),
            ["billing", "billing/envoyproxy/envoy"],
        );
        assert.match(text, /- "\{\{ "\{\{" \}\} \.Values\.registry \}\}"/);
    });

    it("is not made of a lock that misses an image, or has one too many", () => {
        const { cart, ...rest } = release.lock.images;
        const images = { ...rest, mailer: cart };
        assert.throws(
            () => releaseBundle(releaseOf({ lock: { ...release.lock, images } })),
            new Refusal("Lock of release v1.4.0 cannot be read", [
                { subject: "images.cart", message: "is missing: the lock's own catalog has it." },
                { subject: "images.mailer", message: "is one too many: the lock's own catalog does not have it." },
            ]),
        );
    });

    it("is not made under a version or a name that a registry cannot hold, and all is said at once", () => {
        const target = { environment: "prod", cloudProject: "acme-prod", namespace: "" };
        assert.throws(
            () => releaseBundle(releaseOf({ project: "_shop", version: "1.4.0+7", target })),
            new Refusal("Release v1.4.0+7 refused, nothing was changed", [
                { subject: "version", message: '"1.4.0+7" is no version; expected X.Y.Z or X.Y.Z-<pre-release>' },
                { subject: "project", message: `${deploy}/_shop cannot be a repository in a registry, nor _shop a chart's name` },
                { subject: "target.namespace", message: "is empty; expected a name" },
            ]),
        );
    });

    it("that is anything else is refused, never read", () => {
        const bundle = releaseBundle(release);
        fc.assert(
            fc.property(fc.integer({ min: 0, max: 3 }), fc.oneof(fc.json(), fc.string()), (piece, anything) => {
                assert.throws(() => parseRelease(withPiece(bundle, piece, Buffer.from(anything))), Refusal);
            }),
            { seed: 5, numRuns: 200 },
        );
    });
});

/** Releases of any services, whose names do not matter to each other. */
const anyRelease: fc.Arbitrary<Release> = fc
    .uniqueArray(anyService, { minLength: 1, maxLength: 3, selector: ({ name }) => name })
    .map((services) => {
        const catalog = { services: Object.fromEntries(services.map((service) => [service.name, service])) };
        const images = Object.fromEntries(
            services.flatMap(({ name, image, init }) => [
                [name, { commit: sha, digest: image.from === "thirdParty" ? image.digest : digest("aa") }],
                ...init.map((container) => [
                    `${name}/${container.name}`,
                    { source: container.image.source, digest: container.image.digest },
                ]),
            ]),
        );
        return releaseOf({ lock: lockOf(sha, images, catalog) });
    });

/** A release whose pieces were edited, and every digest that one has of another made right again. */
function forge(edit: { templates?: Edit; resources?: Edit; lock?: Edit; config?: Edit }): Bundle {
    const same: Edit = (text) => text;
    const { config, layers } = releaseBundle(release);
    const resources = packArchive(edited(layers[kustomization].content, edit.resources ?? same));
    const locked = Buffer.from((edit.lock ?? same)(layers[lock].content.toString()));
    const rebound = (text: string) =>
        text
            .replaceAll(digestOf(layers[kustomization].content), digestOf(resources))
            .replaceAll(digestOf(layers[lock].content), digestOf(locked));
    const templates = packArchive(edited(layers[chart].content, (text) => rebound((edit.templates ?? same)(text))));
    return {
        config: { ...config, content: Buffer.from(rebound((edit.config ?? same)(config.content.toString()))) },
        layers: [
            { ...layers[chart], content: templates },
            { ...layers[lock], content: locked },
            { ...layers[kustomization], content: resources },
        ],
    };
}

type Edit = (text: string) => string;

function both(edit: Edit): { templates: Edit; resources: Edit } {
    return { templates: edit, resources: edit };
}

function edited(archive: Buffer, edit: (text: string) => string): Map<string, string> {
    return new Map([...unpackArchive(archive)].map(([file, text]) => [file, edit(text)]));
}

function withPiece({ config, layers }: Bundle, piece: number, content: Buffer): Bundle {
    return {
        config: piece === 0 ? { ...config, content } : config,
        layers: layers.map((layer, index) => (index === piece - 1 ? { ...layer, content } : layer)),
    };
}

/** The same value with the keys of all objects in reverse. */
function turned(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(turned);
    }
    return value === null || typeof value !== "object"
        ? value
        : Object.fromEntries(
              Object.entries(value)
                  .reverse()
                  .map(([key, inner]) => [key, turned(inner)]),
          );
}

function problemsOf(action: () => unknown): readonly Problem[] {
    try {
        action();
    } catch (error) {
        if (error instanceof Refusal) {
            return error.problems;
        }
        throw error;
    }
    throw new Error("nothing was refused");
}
