import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { Problem } from "../../core/refusal";
import { environmentFile, type Files, platformFile, problemsOf, read } from "./settingsFixture";
import { LocalKey } from "./signingFixture";

const all = { environments: ["dev", "stage", "prod"] };
const signing = (entry: object): Files => ({ "Pulumi.platform.yaml": platformFile({ ...all, signing: entry }) });
const signed = (name: string, promotesFrom?: string): Files => ({
    [`Pulumi.${name}.yaml`]: environmentFile(name, { "shop:environment": { signed: true, ...(promotesFrom && { promotesFrom }) } }),
});
const [one, other] = [new LocalKey().public, new LocalKey().public];
const own = "projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/releases/cryptoKeyVersions/1";

describe("Settings of signatures", () => {
    it("sign nothing, and ask for nothing, unless they say so", () => {
        const { delivery, environments } = read({});
        assert.equal(delivery.signing, undefined);
        assert.deepEqual(
            environments.map((environment) => "signed" in environment),
            [false, false, false],
        );
    });

    it("let the platform make a key of its own, which signs nothing before its public key is committed", () => {
        assert.deepEqual(read(signing({})).delivery.signing, { key: own, publicKeys: [] });
    });

    it("name the key and every public key that is accepted", () => {
        const key = "projects/acme-keys/locations/global/keyRings/hsm/cryptoKeys/shop/cryptoKeyVersions/12";
        const files = { ...signing({ key, publicKeys: [one.pem, `${other.pem}\n`] }), ...signed("prod", "stage") };
        const { delivery, environments } = read(files);
        assert.deepEqual(delivery.signing, { key, publicKeys: [one, other] });
        assert.deepEqual(
            environments.map((environment) => environment.signed),
            [undefined, undefined, true],
        );
    });

    it("take signed: false for what is so anyway", () => {
        const file = environmentFile("prod", { "shop:environment": { promotesFrom: "stage", signed: false } });
        assert.deepEqual(read({ "Pulumi.prod.yaml": file }), read({}));
    });
});

describe("Settings of signatures are refused:", () => {
    const expected = "expected the public key of an EC_SIGN_P256_SHA256 key, as PEM: -----BEGIN PUBLIC KEY----- …";
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
    const secret = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    const wrongKey = (text: unknown, message: string): [Files, Problem] => [
        signing({ publicKeys: [one.pem, text] }),
        {
            subject: "Pulumi.platform.yaml: shop:platform.signing.publicKeys[1]",
            message: `${message}; ${expected}`,
            remedy: "pulumi stack output publicKey -s <platform stack>",
        },
    ];
    const cases: [string, Files, Problem, string?][] = [
        ["a key that is none", ...wrongKey("releases", "is no public key as PEM")],
        ["a key of another kind", ...wrongKey(rsa, "is of type rsa")],
        ["a private key", ...wrongKey(secret, "is a private key, which belongs nowhere: whoever reads it can sign")],
        [
            "a key without its version",
            signing({ key: own.replace("/cryptoKeyVersions/1", "") }),
            {
                subject: "Pulumi.platform.yaml: shop:platform.signing.key",
                message: `"${own.replace("/cryptoKeyVersions/1", "")}" is not a version of a Cloud KMS key: projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1`,
            },
        ],
        [
            "an environment that asks for what nobody does",
            signed("prod", "stage"),
            {
                subject: "Pulumi.prod.yaml: shop:environment.signed",
                message: "asks for signed releases, and no release is signed: platform.signing is not set",
                remedy:
                    "write signing: {} below platform, and go on as docs/releases.md#signatures says\n" +
                    "or: pulumi config rm --path environment.signed -s prod",
            },
        ],
        [
            "an environment that asks before there is a public key",
            { ...signing({}), ...signed("prod", "stage") },
            {
                subject: "Pulumi.prod.yaml: shop:environment.signed",
                message: "asks for signed releases, and platform.signing.publicKeys names no key that could have signed one",
                remedy: "pulumi stack output publicKey -s <platform stack>   # write it there\nor: pulumi config rm --path environment.signed -s prod",
            },
        ],
        [
            "the first environment, where builds arrive",
            { ...signing({ publicKeys: [one.pem] }), ...signed("dev") },
            {
                subject: "Pulumi.dev.yaml: shop:environment.signed",
                message: "goes with promotesFrom: builds arrive in dev, and only releases are signed",
                remedy: "pulumi config rm --path environment.signed -s dev",
            },
        ],
    ];
    for (const [mistake, files, problem, stack] of cases) {
        it(mistake, () => assert.deepEqual(problemsOf(files, stack), [problem]));
    }

    it("a platform stack that is not the shared one", () => {
        const files: Files = {
            "Pulumi.platform.yaml": platformFile({ environments: ["dev", "stage"] }),
            "Pulumi.second.yaml": {
                config: {
                    "gcp:project": "acme-delivery",
                    "gcp:region": "europe-west1",
                    "shop:platform": { environments: ["prod"], shared: false, signing: {} },
                },
            },
        };
        assert.deepEqual(problemsOf(files), [
            {
                subject: "Pulumi.second.yaml: shop:platform.signing",
                message: "belongs to the shared platform stack, and this one has shared: false",
                remedy: "delete the line",
            },
        ]);
    });
});
