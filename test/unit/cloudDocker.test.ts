import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DockerApi } from "../../sandbox/docker/api";
import { readContext } from "../../sandbox/docker/context";
import { dockerDouble } from "../../sandbox/providers/docker/double";
import type { ProviderInstance, Values } from "../../sandbox/providers/double";

const token = "docker:index/image:Image";
const seed = Buffer.alloc(32);

/** What a real daemon does with it, the engine suite shows. */
describe("The docker double", () => {
    let directory: string;
    let context: string;
    let socket: string;
    let server: Server;
    let docker: ProviderInstance;
    /** What the daemon answers: path → status and body. */
    const answers: Record<string, [number, string]> = {};

    before(async () => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-docker-"));
        context = join(directory, "src", "cart");
        mkdirSync(context, { recursive: true });
        writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY app /app\n");
        writeFileSync(join(context, "app"), "one\n");
        socket = join(directory, "docker.sock");
        server = createServer((request, response) => {
            request.resume();
            const [status, body] = answers[new URL(request.url!, "http://docker").pathname] ?? [
                404,
                '{"message":"page not found"}',
            ];
            response.writeHead(status).end(body);
        });
        await new Promise<void>((listening) => server.listen(socket, listening));
        answers["/_ping"] = [200, "OK"];
        docker = await dockerDouble({ host: `unix://${socket}` }).configure({});
    });
    after(() => {
        server.close();
        rmSync(directory, { recursive: true, force: true });
    });

    const check = async (news: Values): Promise<Values> => (await docker.check({ token, name: "cart", news, seed })).inputs;
    const image = (more: Values = {}): Values => ({ imageName: "127.0.0.1:1/a/cart:local-ada", build: { context }, ...more });
    const digestOf = (inputs: Values) => (inputs.build as { contextDigest: string }).contextDigest;

    it("cannot be configured without a daemon", async () => {
        const host = `unix://${join(directory, "no-such.sock")}`;
        await assert.rejects(
            dockerDouble({ host }).configure({}),
            new RegExp(
                `Error pinging Docker server: Cannot connect to the Docker daemon at ${host}\\. Is the docker daemon running\\?`,
            ),
        );
    });

    it("knows images and nothing else", async () => {
        assert.throws(
            () => docker.check({ token: "docker:index/container:Container", name: "i", news: {}, seed }),
            /the sandbox's docker has no docker:index\/container:Container/,
        );
        await assert.rejects(docker.invoke("docker:index/getNetwork:getNetwork", {}), /has no function/);
    });

    it("sees a change where a file's content, name or permission changes, and none where the folder moves", async () => {
        const first = digestOf(await check(image()));
        assert.equal(digestOf(await check(image())), first);
        writeFileSync(join(context, "app"), "two\n");
        const edited = digestOf(await check(image()));
        chmodSync(join(context, "app"), 0o755);
        const executable = digestOf(await check(image()));
        renameSync(join(context, "app"), join(context, "app2"));
        const renamed = digestOf(await check(image()));
        assert.equal(new Set([first, edited, executable, renamed]).size, 4);

        const elsewhere = join(directory, "elsewhere");
        renameSync(context, elsewhere);
        assert.equal(readContext(elsewhere).digest, renamed);
        renameSync(elsewhere, context);
    });

    it("refuses what it would build otherwise than a real daemon: an ignore file", async () => {
        writeFileSync(join(context, ".dockerignore"), "app\n");
        await assert.rejects(check(image()), /\.dockerignore is refused: the sandbox copies the whole build context/);
        rmSync(join(context, ".dockerignore"));
    });

    it("says where it looked for a Dockerfile", async () => {
        await assert.rejects(
            check(image({ build: { context, dockerfile: "no/Dockerfile" } })),
            /could not open dockerfile at relative path "no\/Dockerfile"/,
        );
    });

    it("takes another login for no change, and another registry for one", async () => {
        const login = (server: string, password: string) => ({ registry: { server, username: "ada", password } });
        const inputs = await check(image(login("127.0.0.1:1", "monday")));
        const diff = async (news: Values) => {
            const { changes } = await docker.diff({
                ...{ token, id: "i", oldInputs: inputs, oldOutputs: {}, ignore: [] },
                inputs: await check(image(news)),
            });
            return Object.keys(changes);
        };
        assert.deepEqual(await diff(login("127.0.0.1:1", "tuesday")), []);
        assert.deepEqual(await diff(login("127.0.0.1:2", "tuesday")), ["registry"]);
        assert.deepEqual(await diff({ ...login("127.0.0.1:1", "tuesday"), imageName: "127.0.0.1:1/a/cart:local-eve" }), [
            "imageName",
        ]);
    });

    it("knows no digest in a preview, and asks the daemon for nothing", async () => {
        const inputs = await check(image());
        const { outputs } = await docker.create({ token, inputs, preview: true });
        assert.deepEqual(outputs, inputs);
    });

    it("fails in the daemon's own words, whether it refuses at once or while it works", async () => {
        const inputs = await check(image());
        const create = () => docker.create({ token, inputs, preview: false });
        answers["/build"] = [500, '{"message":"dockerfile parse error line 1"}'];
        await assert.rejects(create, /^ProviderError: dockerfile parse error line 1$/);
        answers["/build"] = [200, '{"stream":"Step 1"}\n{"error":"failed to solve: app: not found"}\n'];
        await assert.rejects(create, /^ProviderError: failed to solve: app: not found$/);
        answers["/build"] = [200, '{"aux":{"ID":"sha256:1"}}\n'];
        answers["/images/127.0.0.1:1/a/cart/push"] = [200, '{"error":"denied: uploadArtifacts"}\n'];
        await assert.rejects(create, /^ProviderError: denied: uploadArtifacts$/);
        answers["/images/127.0.0.1:1/a/cart/push"] = [200, '{"status":"pushed"}\n'];
        await assert.rejects(create, /pushed 127\.0\.0\.1:1\/a\/cart:local-ada and told no digest/);
    });

    it("is the digest that the registry gave", async () => {
        const digest = `sha256:${"d".repeat(64)}`;
        answers["/build"] = [200, '{"aux":{"ID":"sha256:1"}}\n'];
        answers["/images/127.0.0.1:1/a/cart/push"] = [200, `{"aux":{"Tag":"local-ada","Digest":"${digest}","Size":1}}\n`];
        const { id, outputs } = await docker.create({ token, inputs: await check(image()), preview: false });
        assert.deepEqual([id, outputs.repoDigest], ["127.0.0.1:1/a/cart:local-ada", `127.0.0.1:1/a/cart@${digest}`]);
        assert.equal(JSON.stringify(outputs).includes("password"), false);
    });

    it("answers for no daemon where something else listens", async () => {
        answers["/_ping"] = [404, "no"];
        assert.equal(await new DockerApi(`unix://${socket}`).answers(), false);
        answers["/_ping"] = [200, "OK"];
    });
});
