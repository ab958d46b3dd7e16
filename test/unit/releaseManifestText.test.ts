import assert from "node:assert/strict";
import fc from "fast-check";
import { fillTemplate, manifestText, templateImages, yaml } from "../../core/release/manifestText";
import { releaseObjects } from "../../core/release/releaseObjects";
import { digest } from "./promotionExamples";
import { deploy, objectsIn, releaseOf, withEntries } from "./releaseFixture";

const place = { namespace: "shop-prod", registry: deploy };
const cart = digest("ca");

function pod(name: string, image: string, more: object = {}): object {
    return {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name, namespace: "shop-prod" },
        spec: { template: { spec: { containers: [{ name: "cart", image, ...more }] } } },
    };
}

/** Texts of users that Helm, YAML 1.1 or the splitting of documents could take for something else. */
const words = fc.oneof(
    fc.string({
        unit: fc.constantFrom("{", "}", '"', "\\", " ", "\n", "-", ".Values.registry", "a", "\u2028", "\u0085", "😀", "$&", "#"),
    }),
    fc.constantFrom(
        "{{ .Values.registry }}",
        '{{ "{{" }}',
        "a\n---\nb",
        "trailing\n\n\n",
        "no",
        "0644",
        "1e3",
        "null",
        "~",
        "{{{{",
        "$(A)",
    ),
    fc.string({ unit: "grapheme" }),
);

describe("the text of manifests", () => {
    it("leaves the namespace and the registry of the images open in a chart, and nothing else", () => {
        const { plain, template } = manifestText([pod("wait", `${deploy}/cart@${cart}`)], place);
        assert.equal(
            template,
            [
                "---",
                'apiVersion: "batch/v1"',
                'kind: "Job"',
                "metadata:",
                '  name: "wait"',
                '  namespace: "{{ .Values.namespace | default .Release.Namespace }}"',
                "spec:",
                "  template:",
                "    spec:",
                "      containers:",
                '        - name: "cart"',
                `          image: "{{ .Values.registry }}/cart@${cart}"`,
                "",
            ].join("\n"),
        );
        assert.deepEqual(objectsIn(plain), [pod("wait", `${deploy}/cart@${cart}`)]);
    });

    it("goes to another namespace and registry where Helm is told so", () => {
        const { template } = manifestText([pod("wait", `${deploy}/cart@${cart}`)], place);
        const other = { namespace: "shop", registry: "registry.air-gapped.example/shop" };
        const moved = pod("wait", `registry.air-gapped.example/shop/cart@${cart}`);
        assert.deepEqual(objectsIn(fillTemplate(template, other)), [{ ...moved, metadata: { name: "wait", namespace: "shop" } }]);
    });

    it("tells the images of a template, and no text of a user for one", () => {
        const text = `"{{ .Values.registry }}/evil@${cart}"`;
        const { template } = manifestText(
            [pod("wait", `${deploy}/cart/init@${cart}`, { args: [text, `${deploy}/evil@${cart}`] })],
            place,
        );
        assert.deepEqual(templateImages(template), [{ name: "cart/init", digest: cart }]);
    });

    it("lets every word of a user through as it is: to kustomize, and through Helm's templates", () => {
        fc.assert(
            fc.property(fc.array(words), fc.array(words), (args, more) => {
                const objects = [
                    pod("one", `${deploy}/cart@${cart}`, { args }),
                    pod("two", `${deploy}/cart@${cart}`, { args: more }),
                ];
                const { plain, template } = manifestText(objects, place);
                assert.deepEqual(objectsIn(plain), objects);
                assert.equal(fillTemplate(template, place), plain);
                // Of what stands in braces, all is Helm's to act on: those two, and braces as words.
                const actions = [...template.matchAll(/\{\{(.*?)\}\}/g)].map(([, action]) => action.trim());
                const known = /^(\.Values\.namespace \| default \.Release\.Namespace|\.Values\.registry|"\{+")$/;
                assert.deepEqual(
                    actions.filter((action) => !known.test(action)),
                    [],
                );
            }),
            { seed: 1, numRuns: 300 },
        );
    });

    it("has every object's end at the end of a line that no text of it can look like", () => {
        assert.equal(yaml({ a: "x\n---\ny\n\n", b: "\u2028" }), 'a: "x\\n---\\ny\\n\\n"\nb: "\\u2028"\n');
    });

    it("is that of every service of a release, and of the namespace's own policy", () => {
        const release = withEntries(releaseOf(), {
            checkout: { env: { GREETING: "{{ .Values.name }}" }, environments: { prod: { replicas: 3 } } },
        });
        const objects = releaseObjects(release);
        assert.deepEqual([...objects.keys()], ["default-deny.yaml", "services/cart.yaml", "services/checkout.yaml"]);
        const checkout = objectsIn(manifestText(objects.get("services/checkout.yaml")!, place).plain);
        assert.deepEqual(
            checkout.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
            ["ServiceAccount", "NetworkPolicy", "Deployment", "Service", "PodDisruptionBudget"].map(
                (kind) => `${kind} shop-prod/checkout`,
            ),
        );
        assert.deepEqual(checkout, objects.get("services/checkout.yaml"));
    });
});
