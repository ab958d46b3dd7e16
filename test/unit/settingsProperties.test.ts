import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, stringify } from "yaml";
import { Refusal } from "../../core/refusal";
import { readCatalog } from "../../core/settings/catalog";
import { Findings } from "../../core/settings/findings";
import { judge } from "../../core/settings/judge";
import { services } from "../../core/settings/schema/service";
import { environment, platform } from "../../core/settings/schema/stack";
import { readShapes } from "../../core/settings/shape";
import { read, redis } from "./settingsFixture";

const shapes = readShapes();

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const duration = fc.tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom("s", "m")).map(([count, unit]) => `${count}${unit}`);
const port = fc.integer({ min: 1, max: 65535 });
const texts = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_0-9]{0,6}$/), fc.string(), { maxKeys: 3 });
const annotations = fc.dictionary(word, fc.string(), { maxKeys: 2 });
const resources = fc
    .record({
        cpu: fc.integer({ min: 1, max: 900 }),
        memory: fc.integer({ min: 1, max: 900 }),
        more: fc.integer({ min: 0, max: 100 }),
    })
    .map(({ cpu, memory, more }) => ({
        cpu: `${cpu}m`,
        memory: `${memory}Mi`,
        limits: { cpu: `${cpu + more}m`, memory: `${memory + more}Mi` },
    }));
const times = { initialDelay: duration, period: duration, timeout: duration, failureThreshold: fc.integer({ min: 1, max: 9 }) };
const probe = fc.oneof(
    fc.record({ grpc: fc.constant(true), ...times }, { requiredKeys: ["grpc"] }),
    fc.record({ tcp: port, ...times }, { requiredKeys: ["tcp"] }),
    fc.record({ http: path.map((text) => `/${text}`), headers: annotations, ...times }, { requiredKeys: ["http"] }),
    fc.record({ exec: fc.array(fc.string(), { minLength: 1, maxLength: 3 }), ...times }, { requiredKeys: ["exec"] }),
);
const health = fc.oneof(
    fc.constantFrom("grpc", "tcp", "/healthz"),
    probe,
    fc.record({ readiness: probe, liveness: probe, startup: probe }, { requiredKeys: ["readiness"] }),
);
const override = fc.record({ replicas: fc.nat(9), resources, env: texts, annotations }, { requiredKeys: [] });
const common = {
    health,
    env: texts,
    resources,
    replicas: fc.nat(9),
    volumes: fc
        .uniqueArray(word, { maxLength: 2 })
        .map((names) => Object.fromEntries(names.map((name) => [name, { mount: `/mnt/${name}`, memory: true, sizeLimit: "1Gi" }]))),
    command: fc.array(fc.string(), { maxLength: 2 }),
    args: fc.array(fc.string(), { maxLength: 2 }),
    annotations,
    terminationGracePeriod: duration,
    user: fc.integer({ min: 1, max: 65535 }),
    environments: fc.dictionary(fc.constantFrom("dev", "stage", "prod"), override, { maxKeys: 2 }),
};
const entry = (name: string) => {
    const base = fc.record({ port, ...common }, { requiredKeys: ["port"] });
    const built = fc.oneof(
        fc.constant({ source: `src/${name}` }),
        fc
            .record({ args: texts, alsoBuildFrom: fc.array(path, { maxLength: 2 }) })
            .map((more) => ({ source: { path: `src/${name}`, ...more } })),
        fc.constant({ image: redis }),
    );
    const more = fc.constantFrom(
        {},
        { expose: "loadBalancer" },
        { init: [{ name: "wait-for-it", image: redis, command: ["true"] }] },
    );
    return fc.tuple(base, built, more).map(([first, second, third]) => ({ ...first, ...second, ...third }));
};
// Names end with a digit, so none is a reserved one, the project's or another's `-external`.
const catalog = fc
    .uniqueArray(
        fc.tuple(word, fc.nat(9)).map(([name, digit]) => `${name}${digit}`),
        { minLength: 1, maxLength: 4 },
    )
    .chain((names) =>
        fc.record({
            defaults: fc.constant({ repository: "acme/shop" }),
            services: fc.record(Object.fromEntries(names.map((name) => [name, entry(name)]))),
        }),
    );

const junk = fc.constantFrom<unknown>(
    null,
    -1,
    0.5,
    5000,
    true,
    "",
    "???",
    "grpc",
    [],
    ["x"],
    [null],
    {},
    { x: 1 },
    { secret: "a", key: "b" },
);

type Place = (string | number)[];
function places(value: unknown, at: Place = []): Place[] {
    const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return [at, ...inner.flatMap(([key, next]) => places(next, [...at, Array.isArray(value) ? Number(key) : key]))];
}

function mutated(
    document: unknown,
    place: Place,
    mutate: (parent: Record<string | number, unknown>, key: string | number) => void,
): unknown {
    const box = { document: structuredClone(document) } as Record<string | number, unknown>;
    const full: Place = ["document", ...place];
    const parent = full.slice(0, -1).reduce((value, key) => value[key] as Record<string | number, unknown>, box);
    mutate(parent, full.at(-1)!);
    return box.document;
}

/** A valid document with one thing changed: a value replaced, a key taken out, or one put in. */
function mutants(documents: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
    return fc
        .tuple(documents, fc.nat(), junk, fc.constantFrom("replace", "delete", "insert"), word)
        .map(([document, index, value, how, key]) => {
            const all = places(document);
            return mutated(document, all[index % all.length], (parent, at) => {
                const inner = parent[at];
                if (how === "delete" && at !== "document" && !Array.isArray(parent)) {
                    Reflect.deleteProperty(parent, at);
                } else if (how === "insert" && typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
                    (inner as Record<string, unknown>)[key] = value;
                } else {
                    parent[at] = value;
                }
            });
        });
}

function refusal(run: () => unknown): Refusal | undefined {
    try {
        run();
        return undefined;
    } catch (error) {
        assert.ok(error instanceof Refusal, `threw ${String(error)}, which is no refusal`);
        return error;
    }
}

describe("Any catalog that is valid", () => {
    it("is read, and read again from what YAML makes of it gives the same value", () => {
        fc.assert(
            fc.property(catalog, (document) => {
                const findings = new Findings("");
                const first = readCatalog(shapes.services, document, findings);
                assert.deepEqual(findings.problems, []);
                assert.deepEqual(Object.keys(first.services), Object.keys(document.services));
                assert.deepEqual(readCatalog(shapes.services, parse(stringify(document)), new Findings("")), first);
            }),
            { numRuns: 60, seed: 1 },
        );
    });

    it("is accepted from its file", () => {
        fc.assert(
            fc.property(catalog, (document) => {
                assert.deepEqual(Object.keys(read({ "services.yaml": document }).catalog.services), Object.keys(document.services));
            }),
            { numRuns: 15, seed: 2 },
        );
    });
});

describe("Any document with one thing changed", () => {
    it("is refused where the schema does not allow it, and nothing but a refusal is ever thrown", () => {
        let refused = 0;
        fc.assert(
            fc.property(mutants(catalog), (document) => {
                const found = refusal(() => read({ "services.yaml": stringify(document) }));
                refused += found ? 1 : 0;
                if (!services.safeParse(document).success) {
                    assert.ok(found, "what the schema does not allow was accepted");
                }
            }),
            { numRuns: 80, seed: 3 },
        );
        assert.ok(refused > 25, `only ${refused} of 80 were refused: the changes are too tame to say anything`);
    });

    const environments = fc.record({
        promotesFrom: fc.constant("dev"),
        accepts: fc.constantFrom("commits", "releases"),
        clusters: fc.array(fc.record({ region: fc.constant("us-east1"), name: word, wave: fc.nat(3).map((wave) => wave + 1) }), {
            minLength: 1,
        }),
        namespace: word,
        tier: word,
        registry: fc.constant("127.0.0.1:5000/acme"),
        hotfixes: fc.boolean(),
    });
    const platforms = fc.record({
        environments: fc.array(word, { minLength: 1, maxLength: 3 }),
        operations: fc.record({ repository: fc.constant("acme/shop"), branch: word }),
        shared: fc.boolean(),
    });
    for (const [what, schema, shape, documents] of [
        ["services.yaml", services, shapes.services, catalog],
        ["environment", environment, shapes.environment, environments],
        ["platform", platform, shapes.platform, platforms],
    ] as const) {
        it(`is judged by the program as zod judges it: ${what}`, () => {
            fc.assert(
                fc.property(fc.oneof(documents, mutants(documents)), (document) => {
                    const findings = new Findings("");
                    judge(shape, document, [], findings);
                    assert.equal(findings.problems.length === 0, schema.safeParse(document).success);
                }),
                { numRuns: 200, seed: 4 },
            );
        });
    }
});
