import assert from "node:assert/strict";
import { mapAttributes } from "../../sandbox/google/attributes";

describe("How a provider reads a token", () => {
    const subject = { "google.subject": "assertion.sub" };

    it("takes a subject of 127 bytes and none of 128, whatever their characters", () => {
        const of = (sub: string) => mapAttributes({ attributeMapping: subject }, { sub });
        assert.deepEqual(of("s".repeat(127)), { subject: "s".repeat(127), attributes: {} });
        for (const long of ["s".repeat(128), "ä".repeat(64)]) {
            const refused = of(long);
            assert.ok("error" in refused);
            assert.match(refused.description, /^The size of mapped attribute google\.subject exceeds the 127 bytes limit\./);
        }
    });

    it("maps attributes, which a condition may read as well as the claims", () => {
        const rules = {
            attributeMapping: { ...subject, "attribute.place": "assertion.repository_id + '@' + assertion.ref" },
            attributeCondition: "attribute.place.startsWith('7') && google.subject == 'a' && assertion.ref == 'main'",
        };
        const claims = { sub: "a", repository_id: "7001", ref: "main" };
        assert.deepEqual(mapAttributes(rules, claims), { subject: "a", attributes: { place: "7001@main" } });
        assert.deepEqual(mapAttributes(rules, { ...claims, repository_id: "8" }), rejected);
    });

    it("refuses what cannot be evaluated: a claim that is missing, or of another type", () => {
        const condition = (attributeCondition: string) =>
            mapAttributes({ attributeMapping: subject, attributeCondition }, { sub: "a", number: 7 });
        for (const one of ["assertion.ref == 'main'", "assertion.number.startsWith('7')", "assertion.sub"]) {
            assert.deepEqual(condition(one), rejected, one);
        }
        const mapped = mapAttributes({ attributeMapping: { ...subject, "attribute.ref": "assertion.ref" } }, { sub: "a" });
        assert.deepEqual(mapped, {
            error: "invalid_request",
            description: "Failed to map attribute.ref: the expression assertion.ref has no value for this token.",
        });
    });

    it("refuses an empty subject", () => {
        assert.deepEqual(mapAttributes({ attributeMapping: subject }, { sub: "" }), {
            error: "invalid_request",
            description: "The mapped attribute google.subject is required and must not be empty.",
        });
    });
});

const rejected = { error: "unauthorized_client", description: "The given credential is rejected by the attribute condition." };
