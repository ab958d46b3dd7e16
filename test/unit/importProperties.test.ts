import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { catalogText } from "../../core/manifests/import/catalogText";
import { readCatalog } from "../../core/settings/catalog";
import { Findings } from "../../core/settings/findings";
import type { Catalog } from "../../core/settings/model";
import { importedFrom, rendered, servicesShape } from "./importFixture";

const digest = `sha256:${"7".repeat(64)}`;
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const duration = fc.integer({ min: 1, max: 90 }).map((count) => `${count}s`);
const port = fc.integer({ min: 1, max: 65535 });
const texts = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_0-9]{0,6}$/), fc.string(), { maxKeys: 3 });
const variables = fc.dictionary(
    fc.stringMatching(/^[A-Z][A-Z_0-9]{0,6}$/),
    fc.oneof(
        fc.string(),
        fc.record({ secret: word, key: word }),
        fc.record({ secretManager: fc.stringMatching(/^[-_A-Za-z0-9]{1,8}$/), version: fc.integer({ min: 1, max: 99 }) }),
    ),
    { maxKeys: 3 },
);
const times = { initialDelay: duration, period: duration, timeout: duration, failureThreshold: fc.integer({ min: 1, max: 9 }) };
const probe = fc.oneof(
    fc.record({ grpc: fc.oneof(fc.constant(true as const), port), ...times }, { requiredKeys: ["grpc"] }),
    fc.record({ tcp: port, ...times }, { requiredKeys: ["tcp"] }),
    fc.record({ http: word.map((text) => `/${text}`), port, headers: texts, ...times }, { requiredKeys: ["http"] }),
    fc.record({ exec: fc.array(fc.string(), { minLength: 1, maxLength: 3 }), ...times }, { requiredKeys: ["exec"] }),
);
const health = fc.oneof(
    fc.constantFrom("grpc", "tcp", "/healthz"),
    fc.record({ readiness: probe, liveness: probe, startup: probe }, { requiredKeys: ["readiness"] }),
);
const resources = fc
    .record({ cpu: fc.integer({ min: 1, max: 900 }), memory: fc.integer({ min: 1, max: 900 }), more: fc.nat(100) })
    .map(({ cpu, memory, more }) => ({
        cpu: `${cpu}m`,
        memory: `${memory}Mi`,
        limits: { cpu: `${cpu + more}m`, memory: `${memory + more}Mi` },
    }));
const routed = [
    { type: "gateway", host: "shop.example.com", tls: "certificate" },
    { type: "gateway", host: "shop.example.com", gateway: "infra/edge" },
];
const folders = [
    { memory: true, sizeLimit: "1Gi" },
    { versions: { "tls.key": { secretManager: "tls_key", version: 3 }, "tls.crt": { secretManager: "tls", version: 1 } } },
];
const entry = fc.record(
    {
        kind: fc.constant("stateful"),
        autoscale: fc.record({
            min: fc.integer({ min: 1, max: 3 }),
            max: fc.integer({ min: 4, max: 9 }),
            cpu: fc.integer({ min: 1, max: 99 }),
        }),
        image: fc.constant(`redis:8@${digest}`),
        port,
        health,
        env: variables,
        files: fc.dictionary(
            word.map((name) => `/etc/${name}`),
            fc.string(),
            { maxKeys: 2 },
        ),
        resources,
        replicas: fc.nat(9),
        volumes: fc
            .uniqueArray(word, { maxLength: 2 })
            .map((names) => Object.fromEntries(names.map((name, index) => [name, { mount: `/mnt/${name}`, ...folders[index] }]))),
        command: fc.array(fc.string(), { maxLength: 2 }),
        args: fc.array(fc.string(), { maxLength: 2 }),
        annotations: fc.dictionary(word, fc.string(), { maxKeys: 2 }),
        terminationGracePeriod: duration,
        user: fc.integer({ min: 1, max: 65535 }),
        expose: fc.constantFrom<unknown>("loadBalancer", "internal", ...routed, { type: "loadBalancer", name: "outside" }),
        init: fc.constant([{ name: "wait-for-it", image: `busybox@${digest}`, command: ["true"], env: { A: "b" } }]),
    },
    { requiredKeys: ["port"] },
);

/** Catalogs that the settings accept; what is exposed under a name of its own is so once. */
const catalogs = fc
    .uniqueArray(
        fc.tuple(word, fc.nat(9)).map(([name, digit]) => `${name}${digit}`),
        { minLength: 1, maxLength: 3 },
    )
    .chain((names) =>
        fc.tuple(fc.tuple(...names.map(() => entry)), fc.subarray(names)).map(([entries, called]) =>
            Object.fromEntries(
                entries.map((one, index) => [
                    names[index],
                    {
                        ...one,
                        // One of the two, and the second wants CPU reserved.
                        ...(one.autoscale && { replicas: undefined, resources: { cpu: "100m" } }),
                        ...(one.image === undefined ? { source: `src/${names[index]}` } : {}),
                        ...(index > 0 && typeof one.expose === "object" ? { expose: "loadBalancer" } : {}),
                        ...(index === 0 ? { calls: called.filter((name) => name !== names[0]).sort() } : {}),
                    },
                ]),
            ),
        ),
    )
    .map((services) => accepted(JSON.parse(JSON.stringify({ defaults: { repository: "acme/shop" }, services }))))
    .filter((catalog) => catalog !== undefined);

function accepted(file: unknown): Catalog | undefined {
    const findings = new Findings("");
    const catalog = readCatalog(servicesShape, file, findings);
    return findings.problems.length === 0 ? catalog : undefined;
}

describe("Import and render, for any catalog", () => {
    it("come to the same objects again, and leave nothing out", () => {
        fc.assert(
            fc.property(catalogs, (catalog) => {
                const before = rendered(catalog);
                const { catalog: read, lines } = importedFrom(before);
                assert.deepEqual(byName(rendered(read)), byName(before));
                assert.deepEqual(
                    lines.filter(({ verdict }) => verdict === "not carried"),
                    [],
                );
            }),
            { numRuns: 25 },
        );
    });

    it("write what the settings read as the same catalog, and import that as itself", () => {
        fc.assert(
            fc.property(catalogs, (catalog) => {
                const first = importedFrom(rendered(catalog));
                assert.deepEqual(accepted(parse(catalogText(first, "k8s"))), first.catalog);
                const second = importedFrom(rendered(first.catalog));
                assert.deepEqual(second.entries, first.entries);
            }),
            { numRuns: 25 },
        );
    });

    it("name whatever is added anywhere, wherever no key carries it", () => {
        const added = fc.tuple(catalogs, fc.nat(), fc.stringMatching(/^x[A-Z][a-z]{3,8}$/));
        fc.assert(
            fc.property(added, ([catalog, where, key]) => {
                const objects = structuredClone(rendered(catalog));
                const places = objects.flatMap((object) => maps(object).map((place) => ({ object, ...place })));
                const { object, map, path } = places[where % places.length];
                const [kind, name] = [String(object.kind), String((object.metadata as Tree).name)];
                map[key] = "what nobody thought of";
                const { catalog: read, lines } = importedFrom(objects);
                const isNamed = lines.some(
                    (line) =>
                        line.verdict === "not carried" &&
                        line.object?.startsWith(`${kind}/`) &&
                        (line.path === undefined || line.path === path || line.path.startsWith(path) || path.startsWith(line.path)),
                );
                const isRendered = JSON.stringify(rendered(read)).includes(`"${key}":"what nobody thought of"`);
                assert.ok(isNamed || isRendered, `${kind}/${name}: ${path}.${key} is neither carried nor named`);
            }),
            { numRuns: 60 },
        );
    });
});

type Tree = Record<string, unknown>;

function byName(objects: readonly Tree[]): Tree[] {
    const key = ({ kind, metadata }: Tree) => `${String(kind)}/${String((metadata as Tree).name)}`;
    return [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** All maps in an object, with their paths as lines print them; items of lists by what they are known by. */
function maps(value: unknown, path = ""): { map: Tree; path: string }[] {
    if (Array.isArray(value)) {
        return value.flatMap((item: unknown, index) => maps(item, `${path}[${nameOf(item, path) ?? index}]`));
    }
    if (typeof value !== "object" || value === null) {
        return [];
    }
    const inner = Object.entries(value).flatMap(([key, one]) => maps(one, `${path}${path && "."}${key}`));
    return [{ map: value as Tree, path }, ...inner];
}

function nameOf(item: unknown, list: string): unknown {
    const {
        containerPort,
        port: number,
        mountPath,
        name,
        protocol,
    } = (typeof item === "object" && item !== null ? item : {}) as Tree;
    const known = list.endsWith("ports") ? (containerPort ?? number) : list.endsWith("volumeMounts") ? mountPath : name;
    return protocol === "UDP" ? `${String(known)}/UDP` : known;
}
