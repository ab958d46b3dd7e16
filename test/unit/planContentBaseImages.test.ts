import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { unpinnedIn } from "../../core/build/baseImages";
import { makeHistory } from "../bench/gitHistory";
import { oneflowIn } from "./command";
import { valid } from "./settingsFixture";

const digest = `@sha256:${"a".repeat(64)}`;
const lines = (...text: string[]) => `${text.join("\n")}\n`;

describe("base images of a Dockerfile", () => {
    const found = (text: string, args = {}) => unpinnedIn(text, args).map(({ line, image }) => `${line} ${image}`);

    it("are named with their line where they have no digest", () => {
        const text = lines("# comment", "FROM golang:1.26 AS build", "RUN go build", "", "from alpine", `FROM debian:13${digest}`);
        assert.deepEqual(found(text), ["2 golang:1.26", "5 alpine"]);
    });

    it("are no stages, by name or number, and not scratch", () => {
        const text = lines(
            `FROM --platform=$BUILDPLATFORM golang:1.26${digest} AS Build`,
            "FROM build AS test",
            "FROM scratch",
            "COPY --chown=1000 --from=BUILD /app /app",
            "COPY --from=0 /etc/passwd /etc/",
            "COPY --from=test /report /",
        );
        assert.deepEqual(found(text), []);
    });

    it("are also what files are copied and mounted from", () => {
        const text = lines(
            "FROM scratch",
            "COPY --from=nginx:1.29 /etc/nginx /etc/nginx",
            "RUN --mount=type=bind,from=busybox:1.38,target=/x --mount=type=cache,target=/y true",
            `COPY --from=nginx:1.29${digest} /a /b`,
            "COPY --from=2 /a /b",
        );
        assert.deepEqual(found(text), ["2 nginx:1.29", "3 busybox:1.38", "5 2"]);
    });

    it("are no folders of the repository that the Dockerfile is also built from", () => {
        const text = lines("FROM scratch", "COPY --from=libs/protos a /a", "COPY --from=Protos b /b", "COPY --from=other c /c");
        const images = unpinnedIn(text, {}, ["libs/protos", "protos"]);
        assert.deepEqual(images, [{ line: 4, image: "other" }]);
    });

    it("are judged by what their variables say, where that is known", () => {
        const text = lines(
            "ARG VERSION=1.26",
            `ARG BASE="debian:13${digest}"`,
            "ARG GIVEN",
            "FROM golang:${VERSION}-alpine AS build",
            "FROM $BASE",
            "FROM ${GIVEN}",
            "FROM alpine:$TARGETARCH",
            "FROM ${OTHER:-alpine:3}",
        );
        assert.deepEqual(found(text), ["4 golang:1.26-alpine", "8 alpine:3"]);
        assert.deepEqual(found(text, { VERSION: `1.27-alpine${digest}`, GIVEN: "redis:8", BASE: "debian" }), [
            `4 golang:1.27-alpine${digest}-alpine`,
            "5 debian",
            "6 redis:8",
            "8 alpine:3",
        ]);
        assert.deepEqual(found(lines("ARG BASE=alpine", "FROM $BASE"), { BASE: `alpine${digest}` }), []);
    });

    it("stand in instructions, not in their texts, comments and continued lines", () => {
        const text = lines(
            `FROM \\`,
            "  # which one",
            "",
            `  alpine:3${digest}`,
            "RUN <<EOF cat && \\",
            "  true",
            "FROM one",
            "EOF",
            'COPY <<-"END" /file',
            "FROM two",
            "\tEND",
            "RUN echo $((1<<N))",
            "FROM three",
        );
        assert.deepEqual(found(text), ["13 three"]);
        assert.deepEqual(found(lines("# escape=`", "FROM `", "alpine:3", "RUN dir C:\\", "FROM two")), ["2 alpine:3", "5 two"]);
    });
});

describe("oneflow plan", () => {
    let folder: string;
    let source: string;
    let where: string[];
    const actions = process.env.GITHUB_ACTIONS;
    const catalog = (more = {}) => ({
        defaults: { repository: "acme/shop" },
        services: { cart: { source: "src/cart,old", port: 80, ...more }, mail: { source: "src/mail", port: 80 } },
    });
    const settings = (services: object) => {
        for (const [name, content] of Object.entries({ ...valid, "services.yaml": services })) {
            writeFileSync(join(folder, name), stringify(content));
        }
    };

    beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), "oneflow-plan-"));
        source = join(folder, "source.git");
        const [before, commit] = await makeHistory(source, [
            { files: { "src/cart,old/Dockerfile": "FROM x\n", "src/mail/Dockerfile": "FROM y\n" } },
            { files: { "src/cart,old/Dockerfile": "# cart\nFROM alpine:3\n", "src/mail/Dockerfile": "FROM y\n" } },
        ]);
        where = ["plan", "--source", source, "--repository", "acme/shop", "--commit", commit, "--since", before];
        settings(catalog());
    });
    afterEach(() => {
        if (actions === undefined) delete process.env.GITHUB_ACTIONS;
        else process.env.GITHUB_ACTIONS = actions;
        rmSync(folder, { recursive: true });
    });

    it("warns of base images without a digest, of what is to be built alone", async () => {
        delete process.env.GITHUB_ACTIONS;
        const { status, stdout, stderr } = await oneflowIn(folder, where);
        assert.deepEqual([status, JSON.parse(stdout).unchanged], [0, ["mail"]]);
        const advice =
            "alpine:3 is not pinned by digest: when it changes, nothing is built again. Write alpine:3@$(crane digest alpine:3)";
        assert.equal(stderr, `warning: src/cart,old/Dockerfile:2: ${advice}\n`);
        process.env.GITHUB_ACTIONS = "true";
        assert.equal(
            (await oneflowIn(folder, where)).stderr,
            `::warning file=src/cart%2Cold/Dockerfile,line=2,title=Base image without a digest::${advice}\n`,
        );
    });

    it("refuses a build argument that would become two: docker's action takes one a line", async () => {
        settings(catalog({ source: { path: "src/cart,old", args: { MODE: "fast\nLEVEL=9", KIND: "a" } } }));
        const { status, stderr } = await oneflowIn(folder, where);
        assert.equal(status, 2);
        assert.match(
            stderr,
            /\n {2}cart {2}build argument MODE holds a line break, and each line becomes an argument of its own\.\n/,
        );
    });

    it("builds no commit whose catalog takes a service from a working copy", async () => {
        mkdirSync(join(folder, "src/mail"), { recursive: true });
        writeFileSync(join(folder, "src/mail/Dockerfile"), "FROM scratch\n");
        settings({ ...catalog(), services: { mail: { source: "src/mail", port: 80, build: "local" } } });
        const { status, stderr } = await oneflowIn(folder, where);
        assert.equal(status, 2);
        assert.match(stderr, /^oneflow plan did nothing:\n {2}services\.yaml: services\.mail\.build\n/);
    });
});
