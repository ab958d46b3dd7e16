import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OidcIssuer } from "../../sandbox/github/oidc";
import type { GoogleServer } from "../../sandbox/google/server";
import type { Cloud } from "../../sandbox/providers/cloud";
import { job } from "./jobs";
import { actAs, googleFor, platformCloud, platformResources, provider } from "./platformCloud";

describe("Google's token service, over what the platform makes", () => {
    const keys = mkdtempSync(join(tmpdir(), "oneflow-oidc-"));
    const issuer = OidcIssuer.open(join(keys, "key.pem"));
    const audience = `https://iam.googleapis.com/${provider}`;
    let cloud: Cloud;
    let remove: () => void;
    let google: GoogleServer;
    before(async () => {
        ({ cloud, remove } = await platformCloud(await platformResources()));
        google = await googleFor(cloud, issuer);
    });
    after(async () => {
        await google.close();
        remove();
        rmSync(keys, { recursive: true });
    });

    it("gives a push's build a token of the builder, which pushes to the first tier and nowhere else", async () => {
        const answer = await actAs(
            google,
            issuer.token(job("build"), { audience }),
            "builder@acme-delivery.iam.gserviceaccount.com",
        );
        assert.ok("token" in answer, JSON.stringify(answer));
        const member = cloud.identify(answer.token)!;

        assert.equal(member, "serviceAccount:builder@acme-delivery.iam.gserviceaccount.com");
        const push = (tier: string) => cloud.allows(member, "artifactregistry.repositories.uploadArtifacts", `projects/${tier}`);
        assert.equal(push("acme-dev/locations/europe-west1/repositories/develop"), true);
        assert.equal(push("acme-stage/locations/europe-west1/repositories/release-candidate"), false);
    });
});
