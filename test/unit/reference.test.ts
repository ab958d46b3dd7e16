import assert from "node:assert/strict";
import fc from "fast-check";
import { type Digest, formatReference, isDigest, isRepository, isTag, parseReference } from "../../core/registry/reference";

const digest: Digest = `sha256:${"0123456789abcdef".repeat(4)}`;

const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });
const part = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const repository = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const host = fc.oneof(
    fc.constantFrom("localhost", "europe-west1-docker.pkg.dev", "gcr.io", "ghcr.io", "registry-1.docker.io", "[::1]:5000"),
    fc.integer({ min: 1, max: 65535 }).map((port) => `127.0.0.1:${port}`),
    fc.integer({ min: 1, max: 65535 }).map((port) => `registry.internal:${port}`),
);
const reference = fc.record(
    {
        host,
        repository,
        tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
        digest: hex.map((text): Digest => `sha256:${text}`),
    },
    { requiredKeys: ["host", "repository"], noNullPrototype: true },
);

describe("a reference", () => {
    it("read from its own text is the same reference", () => {
        fc.assert(fc.property(reference, (value) => assert.deepEqual(parseReference(formatReference(value)), value)));
    });

    for (const [text, expected] of Object.entries({
        redis: { host: "registry-1.docker.io", repository: "library/redis" },
        "redis:8.2": { host: "registry-1.docker.io", repository: "library/redis", tag: "8.2" },
        [`redis:8.2@${digest}`]: { host: "registry-1.docker.io", repository: "library/redis", tag: "8.2", digest },
        "grafana/k6": { host: "registry-1.docker.io", repository: "grafana/k6" },
        "docker.io/library/redis": { host: "registry-1.docker.io", repository: "library/redis" },
        "localhost/cart": { host: "localhost", repository: "cart" },
        "127.0.0.1:5000/cart:v1": { host: "127.0.0.1:5000", repository: "cart", tag: "v1" },
        "[::1]:5000/shop/cart": { host: "[::1]:5000", repository: "shop/cart" },
        "europe-west1-docker.pkg.dev/acme-dev/develop/cart:v1.4.0": {
            host: "europe-west1-docker.pkg.dev",
            repository: "acme-dev/develop/cart",
            tag: "v1.4.0",
        },
    })) {
        it(`${text.replace(digest, "sha256:…")} is read as docker reads it`, () => {
            assert.deepEqual(parseReference(text), expected);
        });
    }

    for (const text of [
        "",
        "Redis",
        "redis:",
        "redis:v1+2",
        "redis:a/b",
        "../cart",
        "-.example/cart",
        "a//b",
        "127.0.0.1:5000/",
        `redis@sha256:12`,
        `redis@${digest}@${digest}`,
    ]) {
        it(`${JSON.stringify(text.replaceAll(digest, "sha256:…"))} is refused by its name`, () => {
            assert.throws(
                () => parseReference(text),
                new RegExp(`^Error: ${escaped(JSON.stringify(text))} is not an image reference`),
            );
        });
    }

    it("is read or refused, and never read as something that its text does not say", () => {
        fc.assert(
            fc.property(fc.string({ unit: fc.constantFrom(..."aA0.:/@-_[]"), maxLength: 20 }), (text) => {
                let value;
                try {
                    value = parseReference(text);
                } catch {
                    return;
                }
                assert.ok(isRepository(value.repository) && (value.tag === undefined || isTag(value.tag)));
                const written = formatReference(value);
                assert.ok(
                    [
                        written,
                        written.replace("registry-1.docker.io/", ""),
                        written.replace("registry-1.docker.io/library/", ""),
                    ].includes(text),
                    text,
                );
            }),
        );
    });

    it("takes git tags with + or / for no tags, and digests only in full", () => {
        assert.deepEqual(["v1.4.0", "v1.4.0+build", "release/1", "-v1", "_v1", "a".repeat(128), "a".repeat(129)].map(isTag), [
            true,
            false,
            false,
            false,
            true,
            true,
            false,
        ]);
        assert.deepEqual([digest, digest.toUpperCase(), digest.slice(0, -1), 7].map(isDigest), [true, false, false, false]);
    });
});

function escaped(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
