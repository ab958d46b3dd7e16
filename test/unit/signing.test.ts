import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import fc from "fast-check";
import { releasedTag } from "../../core/release/publish";
import { readBundle, signedBytes } from "../../core/signing/envelope";
import { provenanceOf, statementBytes, statementMediaType, type Statement } from "../../core/signing/provenance";
import { readPublicKey } from "../../core/signing/publicKey";
import { verifyProvenance } from "../../core/signing/verify";
import { runOf } from "../../core/facts/process";
import { deploy, releaseOf, sha } from "./releaseFixture";
import { LocalKey, manifest, provenance, run } from "./signingFixture";

const key = new LocalKey();
const other = new LocalKey();
const { fingerprint } = key.public;
const signed = key.statement(provenance());
const verdict = (bytes: Buffer, accepted = [key.public]) => verifyProvenance(bytes, manifest, accepted);
const damaged = (detail: string) => ({ rejected: { why: "damaged", detail } });
const changed = (change: (bundle: ParsedBundle) => void): Buffer => {
    const bundle = JSON.parse(signed.toString()) as ParsedBundle;
    change(bundle);
    return Buffer.from(JSON.stringify(bundle));
};

interface ParsedBundle {
    mediaType: string;
    verificationMaterial: { publicKey: { hint: string } };
    dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

describe("The provenance of a release", () => {
    it("says what was released, of which images, and by whom", () => {
        const { lock } = releaseOf();
        const images = ["cart", "cart/wait", "checkout"].map((name) => {
            const { digest } = lock.images[name];
            const tag = releasedTag(lock.images[name], lock);
            return { name, uri: `${deploy}/${name}:${tag}@${digest}`, digest: { sha256: digest.slice(7) } };
        });
        const tag = { waivers: { unproven: { cart: "dev is down" }, hotfixes: {} }, set: "f".repeat(64) };
        assert.deepEqual(provenanceOf(releaseOf(), manifest, tag, run), {
            _type: "https://in-toto.io/Statement/v1",
            subject: [{ name: "deploy/shop", digest: { sha256: "5".repeat(64) } }],
            predicateType: "https://slsa.dev/provenance/v1",
            predicate: {
                buildDefinition: {
                    buildType: "https://oneflow.dev/build/release/v1",
                    externalParameters: {
                        version: "v1.4.0",
                        source: { repository: "https://github.com/acme/shop", commit: sha },
                        tag: { unproven: { cart: "dev is down" }, withoutHotfix: {}, set: "f".repeat(64) },
                    },
                    resolvedDependencies: [
                        { uri: "git+https://github.com/acme/shop@refs/tags/v1.4.0", digest: { gitCommit: sha } },
                        ...images,
                    ],
                },
                runDetails: {
                    builder: { id: "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0" },
                    metadata: { invocationId: "https://github.com/acme/shop/actions/runs/7/attempts/1" },
                },
            },
        });
    });

    it("has the same bytes whenever the same run says it, in whatever order the release holds its parts", () => {
        const { lock, ...release } = releaseOf();
        const images = Object.fromEntries(Object.entries(lock.images).reverse());
        const turned = provenanceOf(
            { ...release, lock: { ...lock, images } },
            manifest,
            { waivers: { unproven: {}, hotfixes: {} } },
            run,
        );
        assert.deepEqual(statementBytes(turned), statementBytes(provenance()));
    });

    it("names the workflow and its run on GitHub, or whoever made it by hand", () => {
        const variables = {
            GITHUB_SERVER_URL: "https://github.acme.example",
            GITHUB_WORKFLOW_REF: "acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0",
            GITHUB_REPOSITORY: "acme/shop",
            GITHUB_RUN_ID: "7",
            GITHUB_RUN_ATTEMPT: "2",
        };
        assert.deepEqual(runOf(variables), {
            server: "https://github.acme.example",
            builder: "https://github.acme.example/acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0",
            invocation: "https://github.acme.example/acme/shop/actions/runs/7/attempts/2",
        });
        assert.deepEqual(runOf({ USER: "ada lovelace" }), {
            server: "https://github.com",
            builder: "https://oneflow.dev/person/ada%20lovelace",
        });
    });
});

describe("What is signed", () => {
    it("is what DSSE's own example signs, with its own key", () => {
        // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, "Test Vectors".
        const bytes = signedBytes({ payloadType: "http://example.com/HelloWorld", payload: Buffer.from("hello world") });
        assert.equal(bytes.toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        const coordinate = (decimal: string) =>
            Buffer.from(BigInt(decimal).toString(16).padStart(64, "0"), "hex").toString("base64url");
        const jwk = {
            kty: "EC",
            crv: "P-256",
            x: coordinate("46950820868899156662930047687818585632848591499744589407958293238635476079160"),
            y: coordinate("5640078356564379163099075877009565129882514886557779369047442380624545832820"),
        };
        const signature = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
        const example = createPublicKey({ key: jwk, format: "jwk" });
        assert.ok(verify("sha256", bytes, { key: example, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64")));
    });

    it("counts bytes, not characters", () => {
        const bytes = signedBytes({ payloadType: "é", payload: Buffer.from("ü") });
        assert.equal(bytes.toString(), "DSSEv1 2 é 2 ü");
    });

    it("is a bundle that sigstore's own verifier takes, with the key alone", () => {
        const keys = { publicKey: createPublicKey(key.public.pem), validFor: () => true };
        const material = (found: typeof keys) =>
            toTrustMaterial(
                { mediaType: "", tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] },
                () => found,
            );
        const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
        const entity = toSignedEntity(bundleFromJSON(JSON.parse(signed.toString())));
        new Verifier(material(keys), thresholds).verify(entity);
        const wrong = { ...keys, publicKey: createPublicKey(other.public.pem) };
        assert.throws(() => new Verifier(material(wrong), thresholds).verify(entity), /signature/);
    });
});

describe("A signature", () => {
    it("is taken from each of the accepted keys", () => {
        assert.deepEqual(verdict(signed), { by: fingerprint });
        assert.deepEqual(verdict(signed, [other.public, key.public]), { by: fingerprint });
    });

    it("of another key is told by that key", () => {
        assert.deepEqual(verdict(signed, [other.public]), { rejected: { why: "otherKey", key: fingerprint } });
        assert.deepEqual(verdict(signed, []), { rejected: { why: "otherKey", key: fingerprint } });
    });

    it("of another key under the name of an accepted one is forged", () => {
        const hint = JSON.parse(signed.toString()).verificationMaterial.publicKey.hint as string;
        const forged = JSON.parse(other.statement(provenance()).toString()) as ParsedBundle;
        forged.verificationMaterial.publicKey.hint = hint;
        assert.deepEqual(
            verdict(Buffer.from(JSON.stringify(forged))),
            damaged(`says that ${fingerprint} signed it, and that key did not`),
        );
    });

    it("about another release is told by that", () => {
        const digest = `sha256:${"6".repeat(64)}` as const;
        assert.deepEqual(verdict(key.statement(provenance(digest))), { rejected: { why: "otherSubject", subject: digest } });
        const two: Statement = { ...provenance(), subject: [...provenance().subject, ...provenance(digest).subject] };
        assert.deepEqual(verdict(key.statement(two)), { rejected: { why: "otherSubject", subject: `${manifest}, ${digest}` } });
        assert.deepEqual(verdict(key.statement({ ...provenance(), subject: [] })), {
            rejected: { why: "otherSubject", subject: "nothing" },
        });
    });

    it("of the accepted key that says something else is none", () => {
        const says = (statement: object) => verdict(key.statement({ ...provenance(), ...statement } as Statement));
        assert.deepEqual(says({ predicateType: "https://cosign.sigstore.dev/attestation/v1" }), {
            rejected: { why: "otherStatement", says: 'predicateType "https://cosign.sigstore.dev/attestation/v1"' },
        });
        assert.deepEqual(says({ _type: "https://in-toto.io/Statement/v0.1" }), {
            rejected: { why: "otherStatement", says: '_type "https://in-toto.io/Statement/v0.1"' },
        });
        assert.deepEqual(says({ predicate: { buildDefinition: { buildType: "https://example.com/docker" } } }), {
            rejected: { why: "otherStatement", says: 'buildType "https://example.com/docker"' },
        });
        const payload = statementBytes(provenance());
        assert.deepEqual(verdict(key.bundle({ payloadType: "application/json", payload })), {
            rejected: { why: "otherStatement", says: "application/json" },
        });
        const noise = { payloadType: "application/vnd.in-toto+json", payload: Buffer.from("noise") };
        assert.deepEqual(verdict(key.bundle(noise)), { rejected: { why: "otherStatement", says: "_type undefined" } });
        for (const subject of ["all", [null], [{ digest: "all" }]]) {
            const verdict = says({ subject });
            assert.equal("rejected" in verdict && verdict.rejected.why, "otherSubject");
        }
    });

    it("that was damaged is told by what is wrong with it", () => {
        assert.deepEqual(verdict(Buffer.from("{")), damaged("is no bundle of a signed document and a key"));
        assert.deepEqual(verdict(Buffer.from("[]")), damaged("is no bundle of a signed document and a key"));
        assert.deepEqual(verdict(Buffer.concat([signed, Buffer.from("\n")])), damaged("holds something else besides"));
        const elsewhere = changed(({ dsseEnvelope }) => (dsseEnvelope.payloadType = "application/json"));
        assert.deepEqual(verdict(elsewhere), damaged(`says that ${fingerprint} signed it, and that key did not`));
        const twice = changed(({ dsseEnvelope: { signatures } }) => signatures.push(signatures[0]));
        assert.deepEqual(verdict(twice), damaged("holds something else besides"));
        const keyless = changed(({ verificationMaterial }) => (verificationMaterial.publicKey.hint = "releases"));
        assert.deepEqual(verdict(keyless), damaged("is no bundle of a signed document and a key"));
    });

    it("is refused whichever byte of it is another one", () => {
        fc.assert(
            fc.property(fc.nat(signed.length - 1), fc.integer({ min: 1, max: 255 }), (place, difference) => {
                const bytes = Buffer.from(signed);
                bytes[place] ^= difference;
                return "rejected" in verdict(bytes);
            }),
            { numRuns: 2000 },
        );
        for (let length = 0; length < signed.length; length += 7) assert.ok("rejected" in verdict(signed.subarray(0, length)));
    });

    it("comes back as what it was made of", () => {
        const { payloadType, payload, key: by } = readBundle(signed);
        assert.deepEqual([payloadType, payload, by], [statementMediaType, statementBytes(provenance()), fingerprint]);
    });
});

describe("A public key", () => {
    const pem = (type: "spki", make: { publicKey: import("node:crypto").KeyObject }) =>
        make.publicKey.export({ type, format: "pem" }).toString();

    it("is called by the digest of its DER, however its text is broken into lines", () => {
        const text = key.public.pem;
        assert.match(fingerprint, /^sha256:[0-9a-f]{64}$/);
        assert.deepEqual(readPublicKey(`\n${text}\n\n`), key.public);
    });

    it("is refused where it is another kind of key, or none, and a private one is told as such", () => {
        const rsa = pem("spki", generateKeyPairSync("rsa", { modulusLength: 2048 }));
        const wide = pem("spki", generateKeyPairSync("ec", { namedCurve: "P-384" }));
        const secret = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
        assert.throws(() => readPublicKey(rsa), { message: "is of type rsa" });
        assert.throws(() => readPublicKey(wide), { message: "is of type ec secp384r1" });
        assert.throws(() => readPublicKey("releases"), { message: "is no public key as PEM" });
        assert.throws(() => readPublicKey(String(secret)), {
            message: "is a private key, which belongs nowhere: whoever reads it can sign",
        });
        const broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
        assert.throws(() => readPublicKey(broken), /^Error: is no public key that can be read: /);
    });
});
