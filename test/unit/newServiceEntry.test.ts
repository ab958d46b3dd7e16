import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { withService } from "../../core/newService/addEntry";
import { newEntry } from "../../core/newService/entry";
import { readSettings } from "../../core/settings/load";
import { withFiles } from "./settingsFixture";

const gift = { source: "src/gift", port: 6060, health: "grpc" };
const lines = (...text: string[]) => `${text.join("\n")}\n`;

describe("an entry in services.yaml", () => {
    it("goes behind the last one, in the file's own manner", () => {
        const text = lines(
            "# The shop",
            "services:",
            "    # What customers see",
            "    frontend:",
            "        source: src/frontend # the folder",
            "        port: 80",
            "",
            "    cart:",
            "        source: src/cart",
            "        port: 7070",
            "        # not yet: replicas",
            "",
            "# That is all.",
        );
        assert.equal(
            withService(text, "gift", gift),
            lines(
                ...text.split("\n").slice(0, 11),
                "",
                "    gift:",
                "        source: src/gift",
                "        port: 6060",
                "        health: grpc",
                "",
                "# That is all.",
            ),
        );
    });

    it("goes in its place where the entries are sorted", () => {
        const text = lines(
            "services:",
            "  # carts",
            "  cart: { source: a, port: 1 }",
            "  mail: { source: b, port: 2 }",
            "defaults: {}",
        );
        const own = (name: string) => [`  ${name}:`, "    source: src/gift", "    port: 6060", "    health: grpc"];
        const given = text.trimEnd().split("\n");
        assert.equal(withService(text, "gift", gift), lines(...given.slice(0, 3), ...own("gift"), ...given.slice(3)));
        assert.equal(withService(text, "ads", gift), lines(given[0], ...own("ads"), ...given.slice(1)));
        assert.equal(withService(text, "shop", gift), lines(...given.slice(0, 4), ...own("shop"), given[4]));
    });

    it("writes small lists and maps in one line, and texts that YAML would take for something else in quotes", () => {
        const text = withService("services:\n  cart:\n    port: 1\n", "on", {
            source: { repository: "acme/gift", path: "." },
            calls: ["cart"],
            env: { DEBUG: "no", MODE: "0644" },
        });
        assert.equal(
            text,
            lines(
                "services:",
                "  cart:",
                "    port: 1",
                "",
                '  "on":',
                '    source: { repository: acme/gift, path: "." }',
                "    calls: [cart]",
                '    env: { DEBUG: "no", MODE: "0644" }',
            ),
        );
    });

    it("keeps the line ends of the file, and ends its last line", () => {
        assert.equal(
            withService("services:\r\n  cart: {}\r\n", "gift", { port: 1 }),
            "services:\r\n  cart: {}\r\n  gift:\r\n    port: 1\r\n",
        );
        assert.equal(withService("services:\n  cart: {}", "gift", { port: 1 }), "services:\n  cart: {}\n  gift:\n    port: 1\n");
    });

    it("makes a block of services that there are none of yet", () => {
        const expected = "# mine\ndefaults: { user: 1 } # all\nservices:\n  gift:\n    port: 1\n";
        assert.equal(withService("# mine\ndefaults: { user: 1 } # all\nservices: {}\n", "gift", { port: 1 }), expected);
        assert.equal(withService("# mine\ndefaults: { user: 1 } # all\n", "gift", { port: 1 }), expected);
        assert.equal(
            withService("services: { cart: { port: 1 } }\n", "no", { port: 1 }),
            'services: { cart: { port: 1 }, "no": { port: 1 } }\n',
        );
    });

    it("adds lines and changes none, in any file, and means what it meant and the entry", () => {
        fc.assert(
            fc.property(files, name, (text, added) => {
                const before = parse(text, { merge: true }) as { services: Record<string, unknown> };
                fc.pre(!Object.hasOwn(before.services, added));
                const after = withService(text, added, gift);
                assert.deepEqual(parse(after, { merge: true }), { ...before, services: { ...before.services, [added]: gift } });
                assert.ok(isSubsequence(text.split("\n"), after.split("\n")), after);
                assert.ok(after.split("\n").length - text.split("\n").length <= 5);
            }),
            { numRuns: 60 },
        );
    });
});

describe("an entry that is added to any catalog", () => {
    it("is read as it was asked for, and every other service as before", () => {
        withFiles({}, (directory) =>
            fc.assert(
                fc.property(catalogs, name, fc.constantFrom("grpc", "tcp", "/healthz"), (text, added, health) => {
                    fc.pre(!new RegExp(`^ *${added}:`, "m").test(text) && added !== "shop");
                    const entry = newEntry({ name: added, health }, { defaults: { repository: "acme/shop" } });
                    const [before, after] = [text, withService(text, added, entry)].map(
                        (services) => readSettings({ directory, stack: "dev", services }).catalog.services,
                    );
                    const { [added]: service, ...others } = after;
                    assert.deepEqual(others, before);
                    assert.deepEqual(
                        [service.image, service.ports.map(({ port }) => port), service.resources.requests],
                        [
                            {
                                from: "source",
                                repository: "acme/shop",
                                path: `src/${added}`,
                                dockerfile: "Dockerfile",
                                args: {},
                                alsoBuildFrom: [],
                            },
                            [8080],
                            { cpu: "100m", memory: "64Mi" },
                        ],
                    );
                }),
                { numRuns: 20 },
            ),
        );
    });
});

const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,5}[a-z0-9])?$/);
const comment = fc.constantFrom("# a comment", "# services: {}", "#", "# - x: y");
/** Lines of an entry's value, without the indentation of the entry. */
const values = fc.constantFrom<[string, ...string[]]>(
    ["", "  source: src/x", "  port: 1"],
    ["", "  source: { path: src/x }", "  # its own comment", "  env: { A: b }"],
    [" { source: src/x, port: 1 }"],
    [" { source: src/x,", "    port: 1 } # why"],
    ["", "  init:", "  - name: a", "    command:", "    - |", "      one", "", "      two"],
    ["", "  files:", "    /a: |+", "      text", "", ""],
    ["", "  files:", "    /a: >-", "      # no comment", "      text"],
    ["", "  port: 1", "", "  # at its end"],
    [" &anchor", "  port: 1"],
    ["", "  env: { A: 'it''s', B: \"#\" }", "  args: [a,", "    b]"],
    [""],
);
const files = fc
    .record({
        head: fc.array(fc.oneof(comment, fc.constant("")), { maxLength: 2 }),
        defaults: fc.constantFrom<string[]>([], ["defaults: { repository: acme/shop }", ""], ["defaults:", "  user: 1000"]),
        indent: fc.constantFrom(1, 2, 4),
        entries: fc.uniqueArray(
            fc.record({
                name,
                value: values,
                above: fc.array(fc.oneof(comment, fc.constant("")), { maxLength: 2 }),
                flush: fc.boolean(),
            }),
            { minLength: 1, maxLength: 5, selector: (entry) => entry.name },
        ),
        sorted: fc.boolean(),
        tail: fc.constantFrom<string[]>([], [""], ["# the end"], ["", "# the end", "more: { a: 1 }"], ["more:", "- 1"]),
    })
    .map(({ head, defaults, indent, entries, sorted, tail }) => {
        const ordered = sorted ? [...entries].sort((a, b) => (a.name < b.name ? -1 : 1)) : entries;
        const margin = " ".repeat(indent);
        const body = ordered.flatMap(({ name: key, value: [first, ...rest], above, flush }) => [
            ...above.map((line) => (line && !flush ? `${margin}${line}` : line)),
            `${margin}${key}:${first}`,
            ...rest.map((line) => (line ? `${margin}${line}` : line)),
        ]);
        return lines(...head, ...defaults, "services:", ...body, ...tail);
    });

/** Catalogs that are accepted, with comments and blank lines wherever people write them. */
const catalogs = fc
    .record({
        names: fc.uniqueArray(
            name.filter((one) => one !== "shop"),
            { minLength: 1, maxLength: 4 },
        ),
        notes: fc.array(fc.oneof(comment, fc.constant("")), { minLength: 4, maxLength: 4 }),
        flow: fc.boolean(),
    })
    .map(({ names, notes, flow }) =>
        lines(
            "# yaml-language-server: $schema=services.schema.json",
            "defaults: { repository: acme/shop }",
            "services:",
            ...names.flatMap((key, index) => [
                notes[index] && `  ${notes[index]}`,
                ...(flow
                    ? [`  ${key}: { source: src/${key}, port: 80 }`]
                    : [`  ${key}:`, `    source: src/${key}`, "    port: 80 # the port"]),
            ]),
            "# the end",
        ),
    );

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
    let at = 0;
    for (const line of whole) if (at < part.length && line === part[at]) at += 1;
    return at === part.length;
}
