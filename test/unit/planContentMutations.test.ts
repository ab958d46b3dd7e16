import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { commitsIn } from "../../core/build/commits";
import { planSince } from "../../core/build/plan";
import type { BuiltImage, Catalog, Service } from "../../core/settings/model";
import { contentPaths, contentPlan } from "../../core/workflows/contentPlan";
import { type HistoryCommit, type HistoryFile, makeHistory } from "../bench/gitHistory";
import { service as defaulted } from "../components/settings";

/** A commit, and what the catalog says of its services. */
interface State {
    files: Record<string, HistoryFile>;
    images: Record<string, Partial<BuiltImage>>;
    more: Record<string, Partial<Service>>;
    platforms: readonly string[];
    commit: Pick<HistoryCommit, "message" | "date">;
}

/** What is done to a commit or a catalog, and whose images it can change. */
interface Mutation {
    what: string;
    changes: readonly string[];
    apply(state: State): State;
}

const pinned = (digit: string) => `FROM golang:1.26@sha256:${digit.repeat(64)}\nARG MODE\nCOPY . .\n`;
const start: State = {
    files: {
        "services.yaml": { content: "services: {}\n" },
        "README.md": { content: "the shop\n" },
        "src/cart/Dockerfile": { content: pinned("1") },
        "src/cart/main.go": { content: "package main\n" },
        "src/cart/run.sh": { content: "#!/bin/sh\n", mode: "100755" },
        "src/mail/docker/Dockerfile": { content: pinned("2") },
        "src/mail/docker/Dockerfile.debug": { content: pinned("2") },
        "src/mail/app.py": { content: "pass\n" },
        "src/cartographer/Dockerfile": { content: pinned("3") },
        "src/cartographer/.dockerignore": { content: "*.md\n" },
        "src/cartographer/map": { content: "here be dragons\n" },
        "protos/shop.proto": { content: "syntax = 'proto3';\n" },
        "tools/generate.sh": { content: "#!/bin/sh\n" },
    },
    images: {
        cart: { path: "src/cart", alsoBuildFrom: ["protos"], args: { MODE: "fast", LEVEL: "1" } },
        mail: { path: "src/mail", dockerfile: "docker/Dockerfile", alsoBuildFrom: ["protos", "tools/generate.sh"] },
        cartographer: { path: "src/cartographer" },
    },
    more: {},
    platforms: ["linux/amd64"],
    commit: {},
};
const all = Object.keys(start.images);

const withFile = (path: string, file: HistoryFile | undefined) => (state: State) => {
    const { [path]: _, ...files } = state.files;
    return { ...state, files: file ? { ...files, [path]: file } : files };
};
const withImage = (name: string, image: Partial<BuiltImage>) => (state: State) => ({
    ...state,
    images: { ...state.images, [name]: { ...state.images[name], ...image } },
});
const together =
    (...steps: ((state: State) => State)[]) =>
    (state: State) =>
        steps.reduce((so, step) => step(so), state);
const moved = (folder: string, to: string) => (state: State) => ({
    ...state,
    files: Object.fromEntries(
        Object.entries(state.files).map(([path, file]) => [path.startsWith(`${folder}/`) ? path.replace(folder, to) : path, file]),
    ),
});

const foldersOf = (name: string) => [start.images[name].path!, ...(start.images[name].alsoBuildFrom ?? [])];
const usersOf = (path: string) =>
    all.filter((name) => foldersOf(name).some((folder) => path === folder || path.startsWith(`${folder}/`)));
const text = fc.stringMatching(/^[a-z ]{1,12}$/);

const anyFile = fc.constantFrom(...Object.keys(start.files));
const mutations: Record<string, fc.Arbitrary<Mutation>> = {
    "the content of a file": fc.tuple(anyFile, text).map(([path, line]) => ({
        what: path,
        changes: usersOf(path),
        apply: withFile(path, { ...start.files[path], content: `${start.files[path].content}${line}\n` }),
    })),
    "the mode of a file": anyFile.map((path) => ({
        what: path,
        changes: usersOf(path),
        apply: withFile(path, { ...start.files[path], mode: start.files[path].mode === "100755" ? "100644" : "100755" }),
    })),
    "a file that became a symbolic link": anyFile
        .filter((path) => path !== "tools/generate.sh")
        .map((path) => ({
            what: path,
            changes: usersOf(path),
            apply: withFile(path, { content: start.files[path].content, mode: "120000" }),
        })),
    "a new file": fc.tuple(fc.constantFrom("src/cart", "src/mail/docker", "protos", "docs", "src"), text).map(([folder, line]) => ({
        what: folder,
        changes: usersOf(`${folder}/new`),
        apply: withFile(`${folder}/new`, { content: line }),
    })),
    "a file that is gone": fc
        .constantFrom("src/cart/main.go", "src/mail/app.py", "src/cartographer/.dockerignore", "README.md")
        .map((path) => ({ what: path, changes: usersOf(path), apply: withFile(path, undefined) })),
    "another name of a file": fc.constantFrom("src/cart/main.go", "protos/shop.proto", "README.md").map((path) => ({
        what: path,
        changes: usersOf(path),
        apply: together(withFile(path, undefined), withFile(`${path}.old`, start.files[path])),
    })),
    "a new .dockerignore": fc.constantFrom("src/cart", "src/mail").map((folder) => ({
        what: folder,
        changes: usersOf(`${folder}/x`),
        apply: withFile(`${folder}/.dockerignore`, { content: "*.go\n" }),
    })),
    "the digest of a base image": fc.constantFrom("cart", "cartographer").map((name) => ({
        what: name,
        changes: [name],
        apply: withFile(`src/${name}/Dockerfile`, { content: pinned("9") }),
    })),
    "the name of the Dockerfile, even where both say the same": fc.constant({
        what: "docker/Dockerfile.debug",
        changes: ["mail"],
        apply: withImage("mail", { dockerfile: "docker/Dockerfile.debug" }),
    }),
    "build arguments": fc
        .constantFrom<Record<string, string>>(
            { MODE: "slow", LEVEL: "1" },
            { MODE: "fast", LEVEL: "" },
            { MODE: "fast" },
            { MOOD: "fast", LEVEL: "1" },
            { MODE: "1", LEVEL: "fast" },
            {},
        )
        .map((args) => ({ what: JSON.stringify(args), changes: ["cart"], apply: withImage("cart", { args }) })),
    "shared folders": fc
        .constantFrom([], ["protos", "tools"], ["tools"])
        .map((alsoBuildFrom) => ({ what: String(alsoBuildFrom), changes: ["cart"], apply: withImage("cart", { alsoBuildFrom }) })),
    platforms: fc
        .constantFrom(["linux/arm64"], ["linux/amd64", "linux/arm64"])
        .map((platforms) => ({ what: String(platforms), changes: all, apply: (state: State) => ({ ...state, platforms }) })),
    "the path, where everything else stays": fc.constant({
        what: "src/map",
        changes: ["cartographer"],
        apply: together(moved("src/cartographer", "src/map"), withImage("cartographer", { path: "src/map" })),
    }),
    "how git writes files into a checkout": fc
        .constantFrom(
            [".gitattributes", all],
            ["src/.gitattributes", all],
            ["tools/.gitattributes", ["mail"]],
            ["docs/.gitattributes", []],
        )
        .map(([path, changes]) => ({
            what: path as string,
            changes: changes as string[],
            apply: withFile(path as string, { content: "* text eol=crlf\n" }),
        })),
};

const harmless: fc.Arbitrary<Mutation> = fc
    .constantFrom<[string, (state: State) => State]>(
        ["replicas", (state) => ({ ...state, more: { cart: { replicas: 9 } } })],
        ["env", (state) => ({ ...state, more: { cart: { env: { MODE: "slow" } }, mail: { env: { PORT: "1" } } } })],
        ["health and ports", (state) => ({ ...state, more: { mail: { probes: {}, ports: [] } } })],
        ["what differs in prod", (state) => ({ ...state, more: { mail: { environments: { prod: { replicas: 3 } } } } })],
        ["services.yaml itself", withFile("services.yaml", { content: "services: { cart: {} }\n" })],
        ["message", (state) => ({ ...state, commit: { message: "Another" } })],
        ["date", (state) => ({ ...state, commit: { date: "2026-02-03T04:05:06Z" } })],
        ["a file beside the services", withFile("Makefile", { content: "all:\n" })],
        ["a folder whose name only begins like a service's", withFile("src/cart-old/main.go", { content: "package main\n" })],
        [
            "a further service",
            together(withImage("new", { path: "src/new" }), withFile("src/new/Dockerfile", { content: pinned("4") })),
        ],
    )
    .map(([what, apply]) => ({ what, changes: [], apply }));

describe("content plan of a real git repository", () => {
    let directory: string;
    let count = 0;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "oneflow-content-"))));
    afterEach(() => rmSync(directory, { recursive: true }));

    /** The tags of each state, which is a commit. */
    async function tagsOf(...states: State[]): Promise<Record<string, string>[]> {
        const repository = join(directory, String(count++));
        const made = await makeHistory(
            repository,
            states.map(({ files, commit }) => ({ files, ...commit })),
        );
        const commits = commitsIn(repository);
        return Promise.all(
            states.map(async (state, index) => {
                const trees = await commits.treeHashes(made[index], contentPaths(catalogOf(state), "acme/shop"));
                const planned = contentPlan(catalogOf(state), "acme/shop", trees, state.platforms);
                return Object.fromEntries(planned.map(({ service, tag }) => [service, tag]));
            }),
        );
    }

    const changed = async (mutation: Mutation) => {
        const [before, after] = await tagsOf(start, mutation.apply(start));
        return all.filter((name) => before[name] !== after[name]);
    };

    for (const [input, arbitrary] of Object.entries(mutations)) {
        it(`never skips a service for which something changed: ${input}`, () =>
            fc.assert(
                fc.asyncProperty(arbitrary, async (mutation) => {
                    assert.deepEqual(await changed(mutation), [...mutation.changes], mutation.what);
                }),
                { numRuns: 4 },
            ));
    }

    it("builds nothing again for what no image can tell", () =>
        fc.assert(
            fc.asyncProperty(harmless, async (mutation) => assert.deepEqual(await changed(mutation), [], mutation.what)),
            { numRuns: 10 },
        ));

    it("never skips a service whatever else is changed with it, and builds no other", () =>
        fc.assert(
            fc.asyncProperty(
                fc.array(fc.oneof(...Object.values(mutations), harmless), { minLength: 2, maxLength: 3 }),
                async (several) => {
                    const [before, after] = await tagsOf(start, together(...several.map(({ apply }) => apply))(start));
                    const may = new Set(several.flatMap(({ changes }) => changes));
                    for (const name of all.filter((one) => before[one] !== after[one])) assert.ok(may.has(name), name);
                },
            ),
            { numRuns: 10 },
        ));

    it("knows a content again that comes back", async () => {
        const changedCart = withFile("src/cart/main.go", { content: "package other\n" })(start);
        const [first, second, third] = await tagsOf(start, changedCart, { ...start, commit: { message: "Revert" } });
        assert.notEqual(second.cart, first.cart);
        assert.deepEqual(third, first);
    });

    it("refuses a service whose folder is a symbolic link: what that leads to may change unnoticed", async () => {
        const linked = together(
            moved("src/cart", "code/cart"),
            withFile("src/cart", { content: "../code/cart", mode: "120000" }),
        )(start);
        const repository = join(directory, "linked");
        const [before, commit] = await makeHistory(repository, [{ files: start.files }, { files: linked.files }]);
        const request = { commits: commitsIn(repository), catalog: catalogOf(linked), repository: "acme/shop", commit };
        await assert.rejects(planSince(request, before), {
            name: "Refusal",
            message: [
                `Build of ${commit} refused, nothing was changed:`,
                "  cart  src/cart: a symbolic link. What it leads to could change unnoticed, and the service would not be built.",
                "        → name the folder that it leads to in services.yaml",
            ].join("\n"),
        });
    });
});

function catalogOf({ images, more }: State): Catalog {
    return {
        services: Object.fromEntries(
            Object.entries(images).map(([name, image]) => {
                const one = defaulted(name);
                return [name, { ...one, ...more[name], image: { ...(one.image as BuiltImage), ...image } }];
            }),
        ),
    };
}
