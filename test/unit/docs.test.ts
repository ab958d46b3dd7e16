import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parse } from "yaml";

const root = join(__dirname, "..", "..");
const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((file) => join("docs", file));
const pages = [...readdirSync(root), ...inDocs].filter((file) => file.endsWith(".md")).sort();
const textOf = (page: string) => readFileSync(join(root, page), "utf8");

describe("The documentation", () => {
    it("has the pages that the README promises", () => {
        const promised = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
            ["bootstrap", "configuration", "design", "operations"].map((name) => `docs/${name}.md`),
        );
        assert.deepEqual(
            promised.filter((page) => !pages.includes(page)),
            [],
        );
    });

    it("links only to files and headings that exist", () => {
        const broken = pages.flatMap((page) =>
            linksOf(textOf(page))
                .filter((link) => !resolves(page, link))
                .map((link) => `${page}: ${link}`),
        );
        assert.deepEqual(broken, []);
    });

    it("names only files of the project that exist", () => {
        const missing = pages.flatMap((page) =>
            pathsOf(textOf(page))
                .filter((path) => !existsSync(join(root, path)))
                .map((path) => `${page}: ${path}`),
        );
        assert.deepEqual(missing, []);
    });

    it("sets only keys that Pulumi.yaml declares, or the two of Google Cloud", () => {
        const { config } = parse(textOf("Pulumi.yaml")) as { config: Record<string, unknown> };
        const known = [...Object.keys(config), "gcp:project", "gcp:region"];
        const set = pages.flatMap((page) => configKeysOf(textOf(page)).map((key) => ({ page, key })));
        assert.ok(set.length > 10, "the pages show how to configure");
        assert.deepEqual(
            set.filter(({ key }) => !known.includes(key)),
            [],
        );
    });

    it("runs only npm scripts and oneflow commands that exist", () => {
        const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
        const help = execFileSync(process.execPath, [join(root, "bin", "oneflow.js"), "--help"], { encoding: "utf8" });
        const commands = [...help.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
        const unknown = pages.flatMap((page) => {
            const text = textOf(page);
            const npm = [...text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:-]+)/g)].filter(
                ([, name]) => !Object.hasOwn(scripts, name),
            );
            const oneflow = [...text.matchAll(/\bnpx oneflow ([a-z]+)/g)].filter(([, name]) => !commands.includes(name));
            return [...npm, ...oneflow].map(([command]) => `${page}: ${command}`);
        });
        assert.deepEqual(unknown, []);
    });
});

describe("The check of the documentation", () => {
    it("finds links with their headings, and leaves the web and code alone", () => {
        const text = "[a](docs/design.md#words) [b](https://example.com) ![c](./d.png)\n```\n[x](y)\n```\n`[e](f)`";
        assert.deepEqual(linksOf(text), ["docs/design.md#words", "./d.png"]);
    });

    it("makes a heading's anchor as GitHub does", () => {
        assert.deepEqual(anchorsOf("# What is proved here, and what is not\n## `services.yaml`: an entry\n## Twice\n## Twice"), [
            "what-is-proved-here-and-what-is-not",
            "servicesyaml-an-entry",
            "twice",
            "twice-1",
        ]);
    });

    it("finds the key of a config command in all its forms", () => {
        const text =
            "pulumi config set commit 9f8e -s prod; pulumi config set --path 'pins.cart' 3c2d; pulumi config rm --path pins.cart;" +
            " pulumi config set gcp:project acme; pulumi config set -s prod colour red";
        assert.deepEqual(configKeysOf(text), ["commit", "pins", "pins", "gcp:project", "colour"]);
    });
});

function linksOf(text: string): string[] {
    const prose = text.replace(/^ *```[\s\S]*?^ *```$/gm, "").replace(/`[^`\n]*`/g, "");
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function resolves(page: string, link: string): boolean {
    const [path, anchor] = link.split("#");
    const file = path === "" ? page : relative(root, join(root, dirname(page), path));
    return existsSync(join(root, file)) && (anchor === undefined || anchorsOf(textOf(file)).includes(anchor));
}

function anchorsOf(text: string): string[] {
    const seen = new Map<string, number>();
    return [...text.replace(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
        const anchor = heading
            .toLowerCase()
            .replace(/[^\p{L}\p{N}\s_-]/gu, "")
            .trim()
            .replace(/\s/g, "-");
        const times = seen.get(anchor) ?? 0;
        seen.set(anchor, times + 1);
        return times === 0 ? anchor : `${anchor}-${times}`;
    });
}

/** Paths in code that begin with a folder of the house and name one file. */
function pathsOf(text: string): string[] {
    const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside);
    return code.filter((path) => /^(components|core|cli|sandbox|test|docs|bin)\/[\w./-]*$/.test(path));
}

function configKeysOf(text: string): string[] {
    const commands = text.matchAll(/pulumi config (?:set|rm) (?:(?:--path|--plaintext|-s \S+) )*['"]?([\w:-]+)/g);
    return [...commands].map(([, key]) => key);
}
