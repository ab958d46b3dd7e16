import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimsOf, OidcIssuer, type Claims } from "../../sandbox/github/oidc";
import type { GoogleServer } from "../../sandbox/google/server";
import type { Cloud } from "../../sandbox/providers/cloud";
import { ofType, type Registered } from "../components/recorder";
import { job } from "./jobs";
import { actAs, exchange, googleFor, impersonate, platformCloud, platformResources, provider } from "./platformCloud";
import { trusted, untrusted } from "./tokenRows";

describe("Google's token service, over what the platform makes", () => {
    const keys = mkdtempSync(join(tmpdir(), "oneflow-oidc-"));
    const issuer = OidcIssuer.open(join(keys, "key.pem"));
    const stranger = OidcIssuer.open(join(keys, "another.pem"));
    const audience = `https://iam.googleapis.com/${provider}`;
    const builder = "builder@acme-delivery.iam.gserviceaccount.com";
    let resources: Registered[];
    let cloud: Cloud;
    let remove: () => void;
    let google: GoogleServer;
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        resources = await platformResources();
        ({ cloud, remove } = await platformCloud(resources));
        google = await googleFor(cloud, issuer);
    });
    after(async () => {
        await google.close();
        remove();
        rmSync(keys, { recursive: true });
    });

    const build = job("build");
    /** What a token of the build is, with what differs. */
    const claims = (more: Claims = {}): Claims => {
        const now = Math.floor(Date.now() / 1000);
        return { ...claimsOf(build), iss: issuer.issuer, aud: audience, iat: now, nbf: now - 60, exp: now + 300, ...more };
    };
    const accounts = () =>
        Object.values(ofType(resources, "gcp:serviceaccount/account:Account")).map(
            ({ accountId, project }) => `${String(accountId)}@${String(project)}.iam.gserviceaccount.com`,
        );
    const refusal = async (token: string, account = builder) => {
        const answer = await actAs(google, token, account);
        return "refused" in answer ? answer.refused : `acts as ${account}`;
    };

    for (const { what, job, expected } of trusted) {
        it(`gives ${what} a token of ${expected.split("@")[0]}, and of no other account`, async () => {
            const federated = await exchange(google, issuer.token(job, { audience }));
            assert.ok("token" in federated);
            const answers = await Promise.all(accounts().map((account) => impersonate(google, federated.token, account)));
            assert.deepEqual(
                answers.flatMap((answer) => ("token" in answer ? [cloud.identify(answer.token)] : [])),
                [`serviceAccount:${expected}`],
            );
            assert.deepEqual([...new Set(answers.flatMap((answer) => ("refused" in answer ? [answer.refused] : [])))], [missing]);
        });
    }

    for (const { what, job, expected } of untrusted) {
        it(`gives ${what} no token of any account`, async () => {
            const federated = await exchange(google, issuer.token(job, { audience }));
            if (expected === "refused") {
                assert.deepEqual(federated, { refused: condition });
                return;
            }
            assert.ok("token" in federated);
            const answers = await Promise.all(accounts().map((account) => impersonate(google, federated.token, account)));
            assert.deepEqual(
                answers,
                accounts().map(() => ({ refused: missing })),
            );
        });
    }

    it("takes a token for the provider's name with and without https, and for nothing else", async () => {
        assert.equal(await refusal(issuer.token(build, { audience: `//iam.googleapis.com/${provider}` })), `acts as ${builder}`);
        assert.equal(
            await refusal(issuer.token(build)),
            `The audience in ID Token [https://github.com/acme] does not match the expected audience ${audience} or //iam.googleapis.com/${provider}.`,
        );
        assert.match(await refusal(issuer.token(build, { audience: `${audience}x` })), /^The audience in ID Token/);
    });

    it("takes no token that has expired, is not good yet, or says nothing of its end", async () => {
        const now = Math.floor(Date.now() / 1000);
        const { exp: _, ...endless } = claims();
        for (const token of [claims({ exp: now - 1 }), claims({ nbf: now + 60 }), endless]) {
            assert.match(await refusal(issuer.sign(token)), /^ID Token issued at \d+ is stale to sign-in\.$/);
        }
    });

    it("takes no token of another issuer, whoever signed it", async () => {
        const iss = "https://token.actions.example.com";
        for (const one of [issuer, stranger]) {
            assert.equal(
                await refusal(one.sign(claims({ iss }))),
                `The issuer in ID Token ${iss} does not match the expected ones: ${issuer.issuer}`,
            );
        }
    });

    it("takes no token that another key signed, that nobody signed, or that was changed", async () => {
        const [head, body, signature] = issuer.sign(claims()).split(".");
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const unsigned = `${part({ typ: "JWT", alg: "none", kid: "sandbox" })}.${body}.`;
        const symmetric = `${part({ typ: "JWT", alg: "HS256", kid: "sandbox" })}.${body}`;
        const secret = JSON.stringify(issuer.keys().keys[0]);
        const forged = [
            stranger.sign(claims()),
            unsigned,
            `${symmetric}.${createHmac("sha256", secret).update(symmetric).digest("base64url")}`,
            `${head}.${body}.`,
            `${head}.${part(claims({ actor: "eve" }))}.${signature}`,
            `${part({ typ: "JWT", alg: "RS256", kid: "other" })}.${body}.${signature}`,
        ];
        for (const token of forged) {
            assert.equal(await refusal(token), "The signature of the ID Token is invalid, or its key is none of the issuer's.");
        }
        assert.equal(await refusal("no token"), "Unable to parse the ID Token.");
    });

    it("names the permission that is missing once a workflow's binding is gone, and nothing else changes", async () => {
        const account = `projects/acme-delivery/serviceAccounts/${builder}`;
        const [binding] = cloud.iam.bindings(account);
        cloud.iam.revoke(account, binding.role, binding.member);
        assert.equal(await refusal(issuer.token(build, { audience })), missing);
        const deploy = issuer.token(job("deploy", { environment: "dev" }), { audience });
        assert.equal(
            await refusal(deploy, "deployer-dev@acme-dev.iam.gserviceaccount.com"),
            "acts as deployer-dev@acme-dev.iam.gserviceaccount.com",
        );
        cloud.iam.grant(account, binding.role, binding.member);
        assert.equal(await refusal(issuer.token(build, { audience })), `acts as ${builder}`);
    });

    it("refuses while an API that it needs was not enabled, and names it", async () => {
        for (const [project, service] of [
            ["acme-delivery", "sts.googleapis.com"],
            ["acme-delivery", "iamcredentials.googleapis.com"],
        ]) {
            const name = `projects/${project}/services/${service}`;
            const record = cloud.resource(name);
            cloud.store.delete(name);
            assert.equal(
                await refusal(issuer.token(build, { audience })),
                `${service} has not been used in project ${project} before or it is disabled.`,
            );
            cloud.store.put(name, record);
        }
    });

    it("lets the builder push to the first tier and nowhere else, until its token ends", async () => {
        const answer = await actAs(google, issuer.token(build, { audience }), builder);
        assert.ok("token" in answer);
        const member = cloud.identify(answer.token)!;
        const push = (tier: string) => cloud.allows(member, "artifactregistry.repositories.uploadArtifacts", `projects/${tier}`);
        assert.equal(push("acme-dev/locations/europe-west1/repositories/develop"), true);
        assert.equal(push("acme-stage/locations/europe-west1/repositories/release-candidate"), false);
        assert.equal(push("acme-delivery/locations/europe-west1/repositories/deploy"), false);

        cloud.addIdentity({ token: answer.token, member, expires: new Date(Date.now() - 1) });
        assert.equal(cloud.identify(answer.token), undefined);
    });
});

const condition = "The given credential is rejected by the attribute condition.";
const missing = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
