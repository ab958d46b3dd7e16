import assert from "node:assert/strict";
import { createHash, verify } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { signRelease } from "../../core/release/signRelease";
import { readSignatures } from "../../core/release/signatureStore";
import { pullRelease, pushRelease } from "../../core/release/releaseStore";
import type { Descriptor } from "../../core/registry/model";
import { KmsKey, kmsEndpoint, type SigningKey, SigningRefused } from "../../core/signing/kmsKey";
import { readPublicKey, type PublicKey } from "../../core/signing/publicKey";
import type { Settings } from "../../core/settings/model";
import { serveGoogle, type GoogleServer } from "../../sandbox/google/server";
import type { Cloud } from "../../sandbox/providers/cloud";
import type { SigningVersion } from "../../sandbox/providers/cloud/signingKeys";
import { settings } from "../components/settings";
import { MemoryRegistry } from "./memoryRegistry";
import { administrator, platformCloud, platformResources } from "./platformCloud";
import { deploy, releaseOf } from "./releaseFixture";
import { LocalKey, provenance } from "./signingFixture";

const key = "projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/releases";
const version = `${key}/cryptoKeyVersions/1`;
const releaser = "serviceAccount:releaser@acme-delivery.iam.gserviceaccount.com";

describe("The key that signs releases, in the Cloud KMS of the sandbox as the platform made it,", () => {
    let cloud: Cloud;
    let remove: () => void;
    let google: GoogleServer;
    let accepted: PublicKey;
    const as = (member: string) => {
        cloud.addIdentity({ token: member, member });
        return new KmsKey(version, { accessToken: () => Promise.resolve(member), endpoint: google.address });
    };
    const refused = async (work: () => Promise<unknown>): Promise<string> => {
        const error: unknown = await work().then(
            () => undefined,
            (thrown: unknown) => thrown,
        );
        assert.ok(error instanceof SigningRefused, String(error));
        return error.message;
    };
    const changed = async <T>(change: Partial<SigningVersion>, work: () => Promise<T>): Promise<T> => {
        const before = cloud.resource<SigningVersion>(version)!;
        cloud.store.put(version, { ...before, ...change });
        return work().finally(() => cloud.store.put(version, before));
    };

    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        const { delivery } = settings();
        const all: Settings = settings({ delivery: { ...delivery, signing: { key: version, publicKeys: [] } } });
        ({ cloud, remove } = await platformCloud(await platformResources(all), all));
        google = await serveGoogle({ cloud, issuers: {} });
        accepted = readPublicKey(cloud.resource<SigningVersion>(version)!.publicKey);
    });
    after(async () => {
        await google.close();
        remove();
    });

    it("signs for the releaser, as DER over the SHA-256 of what it is given", async () => {
        const bytes = Buffer.from("what is signed");
        for (let times = 0; times < 20; times++) {
            assert.ok(verify("sha256", bytes, accepted.pem, await as(releaser).sign(bytes)));
        }
        assert.deepEqual(await as(releaser).publicKey(), accepted);
    });

    it("signs for nobody else whom the platform makes, and names the permission and who may grant it", async () => {
        const others = ["builder@acme-delivery", "auditor@acme-delivery", "deployer-prod@acme-prod", "deployer-dev@acme-dev"];
        for (const name of others) {
            const message = await refused(() => as(`serviceAccount:${name}.iam.gserviceaccount.com`).sign(Buffer.from("")));
            assert.deepEqual(message.split("\n"), [
                `Cannot sign with ${version}: Cloud KMS answered 403: Permission 'cloudkms.cryptoKeyVersions.useToSign' denied on resource '${version}' (or it may not exist).`,
                "→ pulumi up -s <platform stack>   # grants it to the releaser",
                "→ or: gcloud kms keys add-iam-policy-binding releases --keyring oneflow --location europe-west1 --project acme-delivery --role roles/cloudkms.signerVerifier --member=…",
            ]);
        }
    });

    it("signs for the releaser by this one binding alone", async () => {
        const role = "roles/cloudkms.signerVerifier";
        cloud.iam.revoke(key, role, releaser);
        assert.match(await refused(() => as(releaser).sign(Buffer.from(""))), /useToSign' denied/);
        assert.match(await refused(() => as(releaser).publicKey()), /Cannot see the public key of .*viewPublicKey' denied/);
        cloud.iam.grant(key, role, releaser);
        await as(releaser).sign(Buffer.from(""));
    });

    it("refuses what cannot be signed, and says why", async () => {
        const absent = new KmsKey(`${key}/cryptoKeyVersions/2`, {
            accessToken: () => Promise.resolve(releaser),
            endpoint: google.address,
        });
        assert.match(
            await refused(() => absent.sign(Buffer.from(""))),
            /answered 404: CryptoKeyVersion .*\/2 not found\.\n→ pulumi up/,
        );
        await changed({ state: "DISABLED" }, async () =>
            assert.match(
                await refused(() => as(releaser).sign(Buffer.from(""))),
                /answered 400: .* is not enabled, current state is: DISABLED/,
            ),
        );
        await changed({ algorithm: "RSA_SIGN_PSS_2048_SHA256" as never }, async () =>
            assert.match(
                await refused(() => as(releaser).publicKey()),
                /is a key for RSA_SIGN_PSS_2048_SHA256, expected EC_SIGN_P256_SHA256\n→ let the platform make one/,
            ),
        );
        const nobody = new KmsKey(version, { accessToken: () => Promise.resolve(undefined), endpoint: google.address });
        assert.match(await refused(() => nobody.publicKey()), /has no Google Application Default Credentials\n→ gcloud auth/);
        const answer = await fetch(`${google.address}/v1/${version}:asymmetricSign`, {
            method: "POST",
            headers: { authorization: `Bearer ${releaser}`, "content-type": "application/json" },
            body: JSON.stringify({ digest: { sha256: createHash("sha1").update("").digest("base64") } }),
        });
        assert.deepEqual([answer.status, /SHA-256 digest of 32 bytes/.test(await answer.text())], [400, true]);
    });

    it("is asked again while Cloud KMS is busy, and not for ever", async () => {
        let asked = 0;
        const busy: Server = createServer((_, response) => {
            asked++;
            response.writeHead(503, { "retry-after": "3" }).end('{"error":{"message":"try again"}}');
        });
        await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
        const pauses: number[] = [];
        const slow = new KmsKey(version, {
            accessToken: () => Promise.resolve(releaser),
            endpoint: `http://127.0.0.1:${(busy.address() as AddressInfo).port}/`,
            patience: { attempts: 3, pause: async (milliseconds) => void pauses.push(milliseconds) },
        });
        assert.match(await refused(() => slow.sign(Buffer.from(""))), /answered 503: try again$/);
        assert.deepEqual([asked, pauses], [3, [3000, 3000]]);
        await new Promise((resolve) => busy.close(resolve));
        assert.match(await refused(() => slow.sign(Buffer.from(""))), /127\.0\.0\.1:\d+ cannot be reached: /);
    });

    it("is asked at Google, or where gcloud is told that it is, but never without encryption", () => {
        assert.equal(kmsEndpoint({}), "https://cloudkms.googleapis.com");
        const told = (address: string) => kmsEndpoint({ CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: address });
        assert.equal(told("https://cloudkms-acme.p.googleapis.com/"), "https://cloudkms-acme.p.googleapis.com/");
        assert.throws(() => told("http://kms.acme.example/"), /expected https, because an access token is sent there/);
    });

    it("is made by an owner alone, and has no other binding", async () => {
        assert.equal(cloud.allows(administrator, "cloudkms.cryptoKeys.create", "projects/acme-delivery"), true);
        assert.equal(cloud.allows(releaser, "cloudkms.cryptoKeys.create", "projects/acme-delivery"), false);
        assert.deepEqual(
            cloud.iam.bindings(key).map(({ role, member }) => [role, member]),
            [["roles/cloudkms.signerVerifier", releaser]],
        );
    });

    describe("over a release", () => {
        const place = { deploy, project: "shop" };
        let registry: MemoryRegistry;
        let release: Descriptor;
        const sign = (keys: readonly PublicKey[], by: SigningKey = as(releaser)) =>
            signRelease(registry, place, release, provenance(release.digest), { key: by, accepted: keys });
        beforeEach(async () => {
            registry = new MemoryRegistry();
            await pushRelease(registry, releaseOf());
            release = (await pullRelease(registry, place, "1.4.0"))!.descriptor;
        });

        it("signs once: again, not a byte changes", async () => {
            assert.deepEqual(await sign([accepted]), accepted.fingerprint);
            const contents = registry.contents();
            assert.deepEqual(await sign([accepted]), accepted.fingerprint);
            assert.deepEqual(registry.contents(), contents);
            assert.deepEqual(await readSignatures(registry, place, release.digest, [accepted]), {
                by: accepted.fingerprint,
                rejected: [],
            });
        });

        it("signs beside what another key signed, once that key is accepted no more", async () => {
            const former = new LocalKey();
            await sign([former.public], former);
            assert.deepEqual(await sign([former.public, accepted]), former.public.fingerprint);
            assert.deepEqual(await sign([accepted]), accepted.fingerprint);
            const found = await readSignatures(registry, place, release.digest, [accepted]);
            assert.deepEqual(found, { by: accepted.fingerprint, rejected: [{ why: "otherKey", key: former.public.fingerprint }] });
        });

        it("puts nothing where it is none of the accepted keys: both are told, and what to commit", async () => {
            const committed = new LocalKey().public;
            const contents = registry.contents();
            assert.deepEqual((await refused(() => sign([committed]))).split("\n"), [
                `${version} is the key ${accepted.fingerprint}, and no environment would accept it.`,
                `Accepted by platform.signing.publicKeys: ${committed.fingerprint}.`,
                "→ if it is the right one, add it there, and commit it to the operations branch:",
                ...accepted.pem.trimEnd().split("\n"),
            ]);
            assert.match(await refused(() => sign([])), /Accepted by platform\.signing\.publicKeys: none is committed\./);
            assert.deepEqual(registry.contents(), contents);
        });

        it("puts nothing where what it gave does not verify", async () => {
            const other = new LocalKey();
            const liar = { name: version, publicKey: () => Promise.resolve(accepted), sign: (bytes: Buffer) => other.sign(bytes) };
            const contents = registry.contents();
            assert.match(await refused(() => sign([accepted], liar)), /that its own public key sha256:\w+ does not verify$/);
            assert.deepEqual(registry.contents(), contents);
        });
    });
});
