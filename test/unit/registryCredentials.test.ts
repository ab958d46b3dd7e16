import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AskTokenService, Authorization } from "../../core/registry/authorization";
import { anonymous, type Credential, firstOf, googleCredentials, isGoogleRegistry } from "../../core/registry/credentials";
import { refusedBy } from "../../core/registry/denial";
import { credentialOf, dockerCredentials, helperFor } from "../../core/registry/dockerConfig";

const path = "config.json";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const some = (credential: Credential) => ({ for: () => Promise.resolve(credential) });
const never: AskTokenService = () => Promise.reject(new Error("nothing should have been asked"));

describe("docker's configuration", () => {
    it("holds credentials as auth, as user and password, or as identity token", () => {
        const auths = {
            "a.example": { auth: base64("me:pass:word") },
            "https://b.example/v1/": { username: "me", password: "other" },
            "c.example:5000": { identitytoken: "idt", auth: base64("me:unused") },
            "d.example": {},
        };
        assert.deepEqual(
            ["a.example", "b.example", "c.example:5000", "d.example", "c.example"].map((host) =>
                credentialOf({ auths }, host, path),
            ),
            [
                { source: path, username: "me", password: "pass:word" },
                { source: path, username: "me", password: "other" },
                { source: path, identityToken: "idt" },
                undefined,
                undefined,
            ],
        );
    });

    it("calls Docker Hub by its old name", () => {
        const auths = { "https://index.docker.io/v1/": { auth: base64("me:hub") } };
        assert.deepEqual(credentialOf({ auths }, "registry-1.docker.io", path), { source: path, username: "me", password: "hub" });
    });

    it("names a helper for one host before the one for all", () => {
        const config = { credHelpers: { "europe-west1-docker.pkg.dev": "gcloud" }, credsStore: "desktop" };
        assert.deepEqual(
            [helperFor(config, "europe-west1-docker.pkg.dev"), helperFor(config, "ghcr.io"), helperFor({}, "ghcr.io")],
            ["gcloud", "desktop", undefined],
        );
    });

    describe("on disk", () => {
        let directory: string;
        before(async () => (directory = await mkdtemp(join(tmpdir(), "docker-config-"))));
        after(() => rm(directory, { recursive: true }));

        it("may be absent", async () => {
            assert.equal(await dockerCredentials(join(directory, "absent")).for("ghcr.io"), undefined);
        });

        it("is refused without quoting it where it is no JSON", async () => {
            await writeFile(join(directory, "config.json"), '{"auths": {"ghcr.io": {"password": "s3cret" oops');
            await assert.rejects(dockerCredentials(directory).for("ghcr.io"), (error: Error) => {
                assert.equal(
                    error.message.replace(/ at position \d+$/, ""),
                    `docker's configuration ${join(directory, "config.json")} is not JSON`,
                );
                return true;
            });
        });

        it("is refused by the helper's name where it is not installed", async () => {
            await writeFile(
                join(directory, "config.json"),
                JSON.stringify({ credHelpers: { "gcr.io": "not-installed-anywhere" } }),
            );
            await assert.rejects(dockerCredentials(directory).for("gcr.io"), {
                name: "RegistryError",
                message: `${join(directory, "config.json")} names docker-credential-not-installed-anywhere for gcr.io, which is not on PATH\n→ install it, or take it out of that file`,
            });
        });
    });
});

describe("Google's default credentials", () => {
    it("are for Google's registries only, and their library is not loaded for others", async () => {
        const hosts = ["europe-west1-docker.pkg.dev", "gcr.io", "eu.gcr.io"];
        const others = [
            "pkg.dev.example.com",
            "notgcr.io",
            "127.0.0.1:5000",
            "registry-1.docker.io",
            "europe-west1-docker.pkg.dev:444",
        ];
        assert.deepEqual([...hosts, ...others].filter(isGoogleRegistry), hosts);
        const loaded = () => Object.keys(require.cache).filter((file) => file.includes("google-auth-library"));
        const before = loaded();
        for (const host of others) {
            assert.equal(await googleCredentials().for(host), undefined);
        }
        assert.deepEqual(loaded(), before);
    });

    it("come after docker's", async () => {
        const docker = some({ source: "docker", username: "me", password: "p" });
        const google = some({ source: "google", username: "oauth2accesstoken", password: "t" });
        assert.equal((await firstOf(docker, google).for("gcr.io"))?.source, "docker");
        assert.equal((await firstOf(anonymous, google).for("gcr.io"))?.source, "google");
    });
});

describe("authorization", () => {
    const pull = { host: "r.example", repository: "shop/cart", access: "pull" } as const;
    const challenge = 'Bearer realm="https://token.example/token?x=1",service="r.example"';
    const tokens = (...values: string[]) => {
        const asked: { address: string; method: string; headers: Readonly<Record<string, string>>; body?: string }[] = [];
        const ask: AskTokenService = (address, { method, headers, body }) => {
            asked.push({ address: address.href, method, headers, ...(body ? { body: body.toString() } : {}) });
            return Promise.resolve({ status: 200, body: Buffer.from(JSON.stringify({ token: values.shift(), expires_in: 300 })) });
        };
        return { ask, asked };
    };

    it("sends Google's registries the access token itself, before they ask", async () => {
        const authorization = new Authorization(some({ source: "s", username: "oauth2accesstoken", password: "ya29" }), never);
        assert.equal(await authorization.header({ ...pull, host: "europe-west1-docker.pkg.dev" }), "Bearer ya29");
        assert.equal(await authorization.header(pull), undefined);
    });

    it("asks the token service with the password, and keeps what it gives", async () => {
        const { ask, asked } = tokens("one");
        const authorization = new Authorization(some({ source: "s", username: "me", password: "p" }), ask);
        assert.equal(await authorization.renew(pull, undefined, challenge), "Bearer one");
        assert.equal(await authorization.header(pull), "Bearer one");
        assert.equal(await authorization.header({ ...pull, access: "push" }), undefined);
        assert.deepEqual(asked, [
            {
                address: "https://token.example/token?x=1&service=r.example&scope=repository%3Ashop%2Fcart%3Apull",
                method: "GET",
                headers: { authorization: `Basic ${base64("me:p")}` },
            },
        ]);
    });

    it("asks with an identity token as OAuth has it", async () => {
        const { ask, asked } = tokens("one");
        const authorization = new Authorization(some({ source: "s", identityToken: "idt" }), ask);
        await authorization.renew({ ...pull, access: "push", from: "shop/base" }, undefined, challenge);
        assert.deepEqual(asked, [
            {
                address: "https://token.example/token?x=1",
                method: "POST",
                headers: { "content-type": "application/x-www-form-urlencoded" },
                body: "grant_type=refresh_token&client_id=oneflow&service=r.example&scope=repository%3Ashop%2Fcart%3Apull%2Cpush+repository%3Ashop%2Fbase%3Apull&refresh_token=idt",
            },
        ]);
    });

    it("fetches one token for all who were refused together, and a new one once that is refused too", async () => {
        const { ask, asked } = tokens("one", "two");
        const authorization = new Authorization(anonymous, ask);
        const renewed = await Promise.all(Array.from({ length: 10 }, () => authorization.renew(pull, undefined, challenge)));
        assert.deepEqual(new Set(renewed), new Set(["Bearer one"]));
        assert.equal(await authorization.renew(pull, "Bearer one", challenge), "Bearer two");
        assert.equal(await authorization.renew(pull, "Bearer one", challenge), "Bearer two");
        assert.equal(asked.length, 2);
    });

    it("gives a credential to no token service over plain http", async () => {
        const authorization = new Authorization(some({ source: "s", username: "me", password: "p" }), never);
        for (const realm of ["http://token.example/token", "http://127.0.0.1:1/token", "token"]) {
            await assert.rejects(authorization.renew(pull, undefined, `Bearer realm="${realm}"`), {
                message: `r.example names "${realm}" as its token service: expected https, because the credential is sent there`,
            });
        }
    });

    it("says nothing more where a registry asks for something else", async () => {
        assert.equal(await new Authorization(anonymous, never).renew(pull, undefined, "Negotiate"), undefined);
        assert.equal(await new Authorization(anonymous, never).renew(pull, undefined, undefined), undefined);
    });
});

describe("a denial", () => {
    it("of Artifact Registry names host, repository, action, credential and the commands that help", () => {
        const body = Buffer.from(
            JSON.stringify({
                errors: [{ code: "DENIED", message: 'Permission "artifactregistry.repositories.uploadArtifacts" denied' }],
            }),
        );
        const access = { host: "europe-west1-docker.pkg.dev", repository: "acme-dev/develop/cart", access: "push" } as const;
        const error = refusedBy(
            access,
            `push ${access.host}/${access.repository}:v1`,
            { status: 403, body },
            "docker-credential-gcloud",
        );
        assert.equal(
            error.message,
            [
                'Cannot push europe-west1-docker.pkg.dev/acme-dev/develop/cart:v1: europe-west1-docker.pkg.dev answered 403 DENIED: Permission "artifactregistry.repositories.uploadArtifacts" denied',
                "asked with docker-credential-gcloud",
                "→ gcloud auth application-default login, as somebody who may push",
                "→ gcloud artifacts repositories add-iam-policy-binding develop --project=acme-dev --location=europe-west1 --role=roles/artifactregistry.writer --member=…",
            ].join("\n"),
        );
        assert.deepEqual([error.status, error.code], [403, "DENIED"]);
    });

    it("of a proxy that does not speak the registry's language is quoted in short", () => {
        const access = { host: "r.example", repository: "a", access: "pull" } as const;
        const error = refusedBy(access, "pull r.example/a:b", { status: 502, body: Buffer.from("<html>Bad Gateway") }, "s");
        assert.equal(error.message, "Cannot pull r.example/a:b: r.example answered 502: <html>Bad Gateway");
    });
});
