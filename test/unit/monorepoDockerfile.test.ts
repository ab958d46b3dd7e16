import assert from "node:assert/strict";
import { DockerfileError, readDockerfile } from "../../sandbox/ci/dockerfile";

describe("Dockerfiles of the sandbox", () => {
    it("are read as docker reads them", () => {
        const recipe = readDockerfile(
            [
                "# a comment",
                "FROM scratch",
                "ARG VERSION=dev",
                "ARG REGION",
                'LABEL a.b=1 title="Check out" \\',
                "    # docker allows this",
                "    quoted='$VERSION'",
                "ENV VERSION_SEEN=$VERSION REGION=${REGION} PRICE=\\$5",
                "WORKDIR /srv",
                "WORKDIR data",
                "COPY app config/ ./",
                "COPY app /app",
                "EXPOSE 8080 53/udp",
                "USER 1000:1000",
                'ENTRYPOINT ["/app", "--serve"]',
                'CMD ["--port=8080"]',
                "",
            ].join("\n"),
            { REGION: "europe-west1" },
        );

        assert.deepEqual(recipe, {
            copies: [
                { sources: ["app", "config"], destination: "/srv/data", intoFolder: true, line: 11 },
                { sources: ["app"], destination: "/app", intoFolder: false, line: 12 },
            ],
            config: {
                entrypoint: ["/app", "--serve"],
                cmd: ["--port=8080"],
                env: { VERSION_SEEN: "dev", REGION: "europe-west1", PRICE: "$5" },
                labels: { "a.b": "1", title: "Check out", quoted: "$VERSION" },
                user: "1000:1000",
                workingDir: "/srv/data",
                exposedPorts: ["53/udp", "8080/tcp"],
            },
        });
    });

    it("take build arguments over the defaults of ARG, and an ENV over both", () => {
        const text = "FROM scratch\nARG MODE=slow\nLABEL before=$MODE\nENV MODE=fixed\nLABEL after=$MODE";
        assert.deepEqual(readDockerfile(text, { MODE: "fast" }).config.labels, { before: "fast", after: "fixed" });
    });

    const refusals: [what: string, text: string, line: number, reason: string][] = [
        ["an empty file", "", 1, "a Dockerfile starts with FROM; the sandbox builds FROM scratch only"],
        [
            "a base image",
            "\n# base\nFROM alpine@sha256:0",
            3,
            "FROM alpine@sha256:0 is refused: the sandbox builds FROM scratch only",
        ],
        ["an ARG before FROM", "ARG A=1\nFROM scratch", 1, "a Dockerfile starts with FROM; the sandbox builds FROM scratch only"],
        ["a named stage", "FROM scratch AS build", 1, "FROM scratch AS build is refused: the sandbox builds FROM scratch only"],
        [
            "a second stage",
            "FROM scratch\nFROM scratch",
            2,
            "FROM is refused: after FROM the sandbox builds ARG, COPY, ENV, LABEL, USER, WORKDIR, EXPOSE, ENTRYPOINT, CMD only",
        ],
        [
            "RUN",
            "FROM scratch\n\nrun make",
            3,
            "RUN is refused: after FROM the sandbox builds ARG, COPY, ENV, LABEL, USER, WORKDIR, EXPOSE, ENTRYPOINT, CMD only",
        ],
        [
            "a shell form",
            "FROM scratch\nENTRYPOINT /app",
            2,
            'ENTRYPOINT /app is refused: an image FROM scratch has no shell; write ENTRYPOINT ["/app"]',
        ],
        [
            "an exec form that is no JSON",
            "FROM scratch\nCMD ['/app']",
            2,
            `CMD ['/app'] is refused: an image FROM scratch has no shell; write CMD ["/app"]`,
        ],
        [
            "flags of COPY",
            "FROM scratch\nCOPY --chown=1:1 app /",
            2,
            "COPY --chown=1:1 is refused: the sandbox copies plain paths only, no flag but --from, no wildcards",
        ],
        ["a source outside the context", "FROM scratch\nCOPY ../x /x", 2, "COPY ../x is refused: it leaves the build context"],
        [
            "several sources into a file",
            "FROM scratch\nCOPY a b /c",
            2,
            "COPY of several sources needs a destination that ends with /, not /c",
        ],
        ["a copy without destination", "FROM scratch\nCOPY a", 2, "COPY needs a source and a destination"],
        ["an ENV without =", "FROM scratch\nENV A 1", 2, "ENV A is refused: expected name=value"],
        [
            "a port that is none",
            "FROM scratch\nEXPOSE 99999",
            2,
            "EXPOSE 99999 is refused: expected a port such as 8080 or 8080/tcp",
        ],
        ["an open quote", 'FROM scratch\nLABEL a="b', 2, 'LABEL a="b is refused: a " is not closed'],
        [
            "a variable with a modifier",
            "FROM scratch\nUSER ${UID:-1}",
            2,
            "USER ${UID:-1} is refused: of variables the sandbox reads $NAME and ${NAME} only",
        ],
        [
            "a parser directive",
            "# syntax=docker/dockerfile:1\nFROM scratch",
            1,
            "the directive syntax is refused: the sandbox reads plain Dockerfiles only",
        ],
        ["an instruction without value", "FROM scratch\nUSER", 2, "USER needs a value"],
        ["two users", "FROM scratch\nUSER 1 2", 2, "USER takes one value, not 2: 1 2"],
    ];
    for (const [what, text, line, reason] of refusals) {
        it(`refuse ${what} by line`, () => {
            assert.throws(
                () => readDockerfile(text),
                (error) => error instanceof DockerfileError && (assert.deepEqual([error.line, error.reason], [line, reason]), true),
            );
        });
    }
});
