import assert from "node:assert/strict";
import fc from "fast-check";
import { parseChallenges } from "../../core/registry/challenge";
import { nextPage } from "../../core/registry/pages";
import { followed, isLoopback, originOf } from "../../core/registry/reach";
import { backoff, retryAfter } from "../../core/registry/retry";

describe("a challenge", () => {
    for (const [header, expected] of [
        [
            'Bearer realm="https://europe-west1-docker.pkg.dev/v2/token",service="europe-west1-docker.pkg.dev",scope="repository:a/b:pull,push"',
            [
                {
                    scheme: "bearer",
                    parameters: {
                        realm: "https://europe-west1-docker.pkg.dev/v2/token",
                        service: "europe-west1-docker.pkg.dev",
                        scope: "repository:a/b:pull,push",
                    },
                },
            ],
        ],
        [
            'Basic realm="a \\"quoted\\" realm, with comma"',
            [{ scheme: "basic", parameters: { realm: 'a "quoted" realm, with comma' } }],
        ],
        ["BASIC REALM=plain", [{ scheme: "basic", parameters: { realm: "plain" } }]],
        ['Negotiate, Basic realm="x"', [{ scheme: "basic", parameters: { realm: "x" } }]],
        [
            'Bearer realm = "https://a/token" , service=b, Basic realm="c"',
            [
                { scheme: "bearer", parameters: { realm: "https://a/token", service: "b" } },
                { scheme: "basic", parameters: { realm: "c" } },
            ],
        ],
        ["", []],
    ] as const) {
        it(`reads ${header || "an empty header"}`, () => assert.deepEqual(parseChallenges(header), expected));
    }

    it("gives every quoted value back as it was", () => {
        fc.assert(
            fc.property(fc.string({ unit: "grapheme-ascii" }), (realm) => {
                const header = `Bearer realm="${realm.replace(/["\\]/g, "\\$&")}",service="s"`;
                assert.deepEqual(parseChallenges(header), [{ scheme: "bearer", parameters: { realm, service: "s" } }]);
            }),
        );
    });
});

describe("a Link header", () => {
    for (const [header, expected] of [
        ['</v2/a/tags/list?n=10&last=x>; rel="next"', "/v2/a/tags/list?n=10&last=x"],
        ["<https://r/v2/a/tags/list?last=x,y>;rel=next", "https://r/v2/a/tags/list?last=x,y"],
        ['<first>; rel="first", <second>; title="a, b"; rel="last next"', "second"],
        ['<first>; rel="prev"', undefined],
        ["", undefined],
        [undefined, undefined],
    ] as const) {
        it(`${header ?? "that is absent"} leads to ${expected ?? "no further page"}`, () =>
            assert.equal(nextPage(header), expected));
    }
});

describe("a registry's address", () => {
    it("is plain http on this machine only", () => {
        assert.deepEqual(["127.0.0.1:5000", "localhost", "[::1]:80", "127.1.2.3"].map(originOf), [
            "http://127.0.0.1:5000",
            "http://localhost",
            "http://[::1]:80",
            "http://127.1.2.3",
        ]);
        assert.deepEqual(
            ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1:5000", "europe-west1-docker.pkg.dev", "[::2]"].filter(
                isLoopback,
            ),
            [],
        );
    });

    it("keeps its own scheme where the registry, behind a proxy, names itself with http", () => {
        const home = new URL("https://registry.example/v2/a/blobs/uploads/");
        assert.equal(
            followed("http://registry.example/v2/x?_state=a%2Bb", home).href,
            "https://registry.example/v2/x?_state=a%2Bb",
        );
        assert.equal(followed("/v2/x", home).href, "https://registry.example/v2/x");
        assert.equal(followed("https://storage.example/x", home).href, "https://storage.example/x");
    });

    it("never leads from https to plain http, this machine included", () => {
        const home = new URL("https://registry.example/");
        for (const location of ["http://storage.example/x", "http://127.0.0.1:80/x"]) {
            assert.throws(() => followed(location, home), /expected https/);
        }
        assert.equal(followed("http://127.0.0.1:2/x", new URL("http://127.0.0.1:1/")).href, "http://127.0.0.1:2/x");
    });
});

describe("the time between two attempts", () => {
    it("doubles from a quarter of a second to eight seconds, half of it by chance", () => {
        const attempts = [1, 2, 3, 4, 5, 6, 7, 20];
        assert.deepEqual(
            attempts.map((attempt) => backoff(attempt, 0)),
            [125, 250, 500, 1000, 2000, 4000, 4000, 4000],
        );
        assert.deepEqual(
            attempts.map((attempt) => backoff(attempt, 1)),
            [250, 500, 1000, 2000, 4000, 8000, 8000, 8000],
        );
    });

    it("is what Retry-After asks for, in seconds or as a date, up to two minutes", () => {
        const now = Date.parse("2026-01-01T00:00:00Z");
        const asked = ["7", " 0 ", "Thu, 01 Jan 2026 00:00:09 GMT", "Wed, 31 Dec 2025 23:00:00 GMT", "86400", "soon", undefined];
        assert.deepEqual(
            asked.map((header) => retryAfter(header, now)),
            [7000, 0, 9000, 0, 120_000, undefined, undefined],
        );
    });
});
