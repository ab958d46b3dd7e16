import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuiltImage } from "../../core/settings/model";
import { buildService } from "../../sandbox/ci/build";
import { changeService, writeMonorepo } from "../../sandbox/git/monorepo";
import { Repository } from "../../sandbox/git/repository";
import { buildImage } from "../../sandbox/registry/images";
import { smallCatalog } from "./ciCatalog";

const catalog = smallCatalog();
const { checkoutservice, cartservice } = catalog.services;
const amd64 = ["linux/amd64"];

describe("a sandbox build", () => {
    let folder: string;
    let origin: Repository;

    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "oneflow-ci-build-"));
        origin = await Repository.bare(join(folder, "shop.git"), { defaultBranch: "develop" });
    });
    afterEach(() => rm(folder, { recursive: true }));

    const clone = (name: string) => Repository.clone(origin, join(folder, name));

    it("gives the same digest in two clones, in other commits and at other times while the tree is the same", async () => {
        const mine = await clone("mine");
        await writeMonorepo(mine.directory, catalog, "acme/shop");
        const first = await mine.commit("Start", { date: "2026-01-05T09:00:00Z" });
        await changeService(mine.directory, cartservice, "Keep carts for a week");
        const second = await mine.commit("Keep carts", { date: "2026-01-06T09:00:00Z" });
        await mine.push("develop");
        const theirs = await clone("theirs");

        const image = built(checkoutservice.image);
        const digests = [
            (await buildService(mine, first, image, amd64)).digest,
            (await buildService(theirs, second, image, amd64)).digest,
            (await buildService(origin, second, image, amd64)).digest,
        ];
        assert.deepEqual(new Set(digests).size, 1);
        const cart = built(cartservice.image);
        assert.notEqual(
            (await buildService(mine, first, cart, amd64)).digest,
            (await buildService(mine, second, cart, amd64)).digest,
        );
    });

    it("makes exactly the image that the Dockerfile describes, for each platform", async () => {
        const commit = await commitFiles({
            "src/a/Dockerfile": [
                "FROM scratch",
                "ARG MODE=slow",
                "ENV MODE=$MODE",
                "WORKDIR /srv",
                "COPY app /app",
                "COPY assets web/",
                'ENTRYPOINT ["/app"]',
                "USER 1000",
            ].join("\n"),
            "src/a/app": "code",
            "src/a/assets/img/logo.svg": "<svg/>",
            "src/a/assets/index.html": "<html/>",
            "src/a/not-copied": "x",
        });
        const platforms = ["linux/amd64", "linux/arm64"];
        const expected = buildImage({
            files: {
                app: { content: "code", mode: 0o644 },
                "srv/web/img/logo.svg": { content: "<svg/>", mode: 0o644 },
                "srv/web/index.html": { content: "<html/>", mode: 0o644 },
            },
            config: { entrypoint: ["/app"], env: { MODE: "fast" }, labels: {}, user: "1000", workingDir: "/srv", exposedPorts: [] },
            platforms,
        });
        const image = await buildService(origin, commit, source("src/a", { args: { MODE: "fast" } }), platforms);
        assert.equal(image.digest, expected.digest);
        assert.equal(image.children.length, 2);
    });

    it("builds from a folder of the whole repository and from a Dockerfile of another name", async () => {
        const commit = await commitFiles({ "docker/app.Dockerfile": "FROM scratch\nCOPY code/ /code/", "code/main": "x" });
        const image = await buildService(origin, commit, source(".", { dockerfile: "docker/app.Dockerfile" }), amd64);
        const config = { env: {}, labels: {}, exposedPorts: [] };
        assert.equal(image.digest, buildImage({ files: { "code/main": { content: "x", mode: 0o644 } }, config }).digest);
    });

    it("copies from the folders that a service is also built from: a change there alone gives another image", async () => {
        const image = source("src/a", { alsoBuildFrom: ["protos", "libs/Money"] });
        const folders = (currency: string) => ({
            "src/a/Dockerfile": [
                "FROM scratch",
                "COPY --from=protos . /protos",
                "COPY --from=libs/money currencies.csv /data/",
                "COPY app /app",
            ].join("\n"),
            "src/a/app": "code",
            "protos/shop.proto": "syntax = 'proto3';",
            "libs/Money/currencies.csv": currency,
            "libs/Money/not-copied": "x",
        });
        const first = await buildService(origin, await commitFiles(folders("EUR")), image, amd64);
        const config = { env: {}, labels: {}, exposedPorts: [] };
        const file = (content: string) => ({ content, mode: 0o644 });
        const expected = { "protos/shop.proto": file("syntax = 'proto3';"), "data/currencies.csv": file("EUR"), app: file("code") };
        assert.equal(first.digest, buildImage({ files: expected, config }).digest);

        await rm(join(folder, "work"), { recursive: true });
        const second = await buildService(origin, await commitFiles(folders("EUR,CHF")), image, amd64);
        assert.notEqual(second.digest, first.digest);
    });

    const refusals: [what: string, files: Record<string, string>, message: string][] = [
        ["a missing Dockerfile", { "src/a/app": "x" }, "src/a/Dockerfile does not exist in the commit"],
        [
            "an instruction that needs Docker",
            { "src/a/Dockerfile": "FROM scratch\nCOPY app /app\nRUN make" },
            "src/a/Dockerfile:3: RUN is refused: after FROM the sandbox builds ARG, COPY, ENV, LABEL, USER, WORKDIR, EXPOSE, ENTRYPOINT, CMD only",
        ],
        [
            "a copy of what is not there",
            { "src/a/Dockerfile": "FROM scratch\nCOPY app /app" },
            "src/a/Dockerfile:2: COPY app: the commit has no such file in the build context",
        ],
        [
            "a copy from a folder that the service is not built from",
            { "src/a/Dockerfile": "FROM scratch\nCOPY --from=protos a /a" },
            "src/a/Dockerfile:2: COPY --from=protos is refused: it is no folder of alsoBuildFrom, of which there are: none",
        ],
        [
            "a .dockerignore",
            { "src/a/Dockerfile": "FROM scratch", "src/a/.dockerignore": "*" },
            "src/a/.dockerignore is refused: the sandbox copies the whole build context",
        ],
    ];
    for (const [what, files, message] of refusals) {
        it(`refuses ${what} with file and line`, async () => {
            const commit = await commitFiles(files);
            await assert.rejects(buildService(origin, commit, source("src/a"), amd64), { name: "BuildFailed", message });
        });
    }

    it("refuses a symbolic link, which could lead out of the commit", async () => {
        const work = await clone("links");
        await mkdir(join(work.directory, "src/a"), { recursive: true });
        await writeFile(join(work.directory, "src/a/Dockerfile"), "FROM scratch\nCOPY . /");
        await symlink("/etc/passwd", join(work.directory, "src/a/users"));
        const commit = await work.commit("Link");
        await assert.rejects(buildService(work, commit, source("src/a"), amd64), {
            name: "BuildFailed",
            message: "src/a/Dockerfile:2: COPY users is refused: it is a symbolic link, and the sandbox copies plain files only",
        });
    });

    async function commitFiles(files: Record<string, string>): Promise<string> {
        const work = await clone("work");
        for (const [path, content] of Object.entries(files)) {
            await mkdir(dirname(join(work.directory, path)), { recursive: true });
            await writeFile(join(work.directory, path), content);
        }
        const commit = await work.commit("Files");
        await work.push("HEAD:develop");
        return commit;
    }
});

function source(path: string, own: Partial<BuiltImage> = {}): BuiltImage {
    return { from: "source", repository: "acme/shop", path, dockerfile: "Dockerfile", args: {}, alsoBuildFrom: [], ...own };
}

function built(image: (typeof checkoutservice)["image"]): BuiltImage {
    assert.ok(image.from === "source");
    return image;
}
