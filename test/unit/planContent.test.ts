import assert from "node:assert/strict";
import fc from "fast-check";
import type { BuiltImage, Catalog, Service } from "../../core/settings/model";
import { contentPaths, contentPlan } from "../../core/workflows/contentPlan";
import { service as defaulted } from "../components/settings";

describe("content plan", () => {
    const trees = { "src/cart": "a".repeat(40), "src/mail": "b".repeat(40), protos: "c".repeat(40) };

    it("plans the services of one repository and leaves the others and third-party images alone", () => {
        const catalog = catalogOf(
            service("mail", { path: "src/mail" }),
            service("cart", { path: "src/cart", alsoBuildFrom: ["protos"] }),
            service("billing", { path: "src/billing", repository: "acme/billing" }),
            {
                ...service("redis", {}),
                image: { from: "thirdParty", source: "redis@sha256:…", digest: `sha256:${"0".repeat(64)}` },
            },
        );

        const attributes = [".gitattributes", "src/.gitattributes"];
        assert.deepEqual(contentPaths(catalog, "acme/shop"), [...attributes, "protos", "src/cart", "src/mail"].sort());
        const plan = contentPlan(catalog, "Acme/Shop", trees, ["linux/amd64"]);
        assert.deepEqual(
            plan.map(({ service, missingPaths }) => [service, missingPaths]),
            [
                ["cart", []],
                ["mail", []],
            ],
        );
        assert.match(plan[0].tag, /^tree-[0-9a-f]{64}$/);
    });

    it("names the paths that the commit lacks", () => {
        const catalog = catalogOf(service("cart", { path: "src/basket", alsoBuildFrom: ["schemas", "protos"] }));
        assert.deepEqual(contentPlan(catalog, "acme/shop", trees, ["linux/amd64"])[0].missingPaths, ["schemas", "src/basket"]);
    });

    it("gives one tag for ever: a changed algorithm would build every service again", () => {
        const catalog = catalogOf(service("cart", { path: "src/cart", alsoBuildFrom: ["protos"], args: { MODE: "fast" } }));
        assert.equal(
            contentPlan(catalog, "acme/shop", trees, ["linux/amd64"])[0].tag,
            "tree-633622fec181a3e7aa9db5947a0e1f81374e8b5b560c6d08b94dabd4b801a40b",
        );
    });

    it("changes the tag with every input and with nothing else", () => {
        fc.assert(
            fc.property(inputs, inputs, (one, other) => {
                assert.equal(tagOf(one) === tagOf(other), meaning(one) === meaning(other));
            }),
            { numRuns: 300 },
        );
        fc.assert(
            fc.property(inputs, fc.constantFrom(...mutations), (input, mutate) => {
                assert.notEqual(tagOf(mutate(input)), tagOf(input));
            }),
            { numRuns: 300 },
        );
    });

    it("does not depend on the order of keys, platforms or further folders", () => {
        fc.assert(
            fc.property(inputs, (input) => {
                const { image, trees: hashes, platforms } = input;
                const turned = {
                    image: {
                        alsoBuildFrom: [...image.alsoBuildFrom].reverse(),
                        args: Object.fromEntries(Object.entries(image.args).reverse()),
                        dockerfile: image.dockerfile,
                        path: image.path,
                    },
                    trees: Object.fromEntries(Object.entries(hashes).reverse()),
                    platforms: [...platforms].reverse(),
                };
                assert.equal(tagOf(turned), tagOf(input));
            }),
        );
    });
});

interface Input {
    image: Pick<BuiltImage, "path" | "dockerfile" | "args" | "alsoBuildFrom">;
    trees: Record<string, string>;
    platforms: string[];
}

const folders = ["src/a", "src/b", "protos", "schemas"];
const treeHash = fc.constantFrom("1".repeat(40), "2".repeat(40));
const inputs: fc.Arbitrary<Input> = fc.record({
    image: fc.record({
        path: fc.constantFrom("src/a", "src/b"),
        dockerfile: fc.constantFrom("Dockerfile", "docker/Dockerfile"),
        args: fc.dictionary(fc.constantFrom("A", "B"), fc.constantFrom("1", "2"), { noNullPrototype: true }),
        alsoBuildFrom: fc.uniqueArray(fc.constantFrom("protos", "schemas")),
    }),
    trees: fc.record(Object.fromEntries(folders.map((folder) => [folder, treeHash]))) as fc.Arbitrary<Record<string, string>>,
    platforms: fc.uniqueArray(fc.constantFrom("linux/amd64", "linux/arm64"), { minLength: 1 }),
});

const mutations: ((input: Input) => Input)[] = [
    (input) => ({ ...input, trees: { ...input.trees, [input.image.path]: "3".repeat(40) } }),
    (input) => ({ ...input, image: { ...input.image, dockerfile: "other.Dockerfile" } }),
    (input) => ({ ...input, image: { ...input.image, args: { ...input.image.args, C: "" } } }),
    (input) => ({ ...input, image: { ...input.image, args: { ...input.image.args, A: "3" } } }),
    (input) => ({ ...input, image: { ...input.image, alsoBuildFrom: [...input.image.alsoBuildFrom, "vendor"] } }),
    (input) => ({ ...input, platforms: [...input.platforms, "linux/s390x"] }),
];

/** What the input says, written down so that two inputs are equal where they mean the same build. */
function meaning({ image, trees, platforms }: Input): string {
    const also = [...image.alsoBuildFrom].sort();
    const args = Object.entries(image.args).map((pair) => pair.join("="));
    return [
        image.path,
        trees[image.path],
        ...also.map((path) => `${path}@${trees[path]}`),
        image.dockerfile,
        args.sort(),
        [...platforms].sort(),
    ].join("|");
}

function tagOf({ image, trees, platforms }: Input): string {
    return contentPlan(catalogOf(service("cart", image)), "acme/shop", trees, platforms)[0].tag;
}

function catalogOf(...services: Service[]): Catalog {
    return { services: Object.fromEntries(services.map((one) => [one.name, one])) };
}

function service(name: string, image: Partial<BuiltImage>): Service {
    const one = defaulted(name);
    return { ...one, image: { ...(one.image as BuiltImage), ...image } };
}
