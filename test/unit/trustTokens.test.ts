import assert from "node:assert/strict";
import fc from "fast-check";
import { claimsOf } from "../../sandbox/github/oidc";
import { isRejection, mapAttributes, type AttributeRules } from "../../sandbox/google/attributes";
import { ofType, type Registered } from "../components/recorder";
import { platformResources } from "./platformCloud";
import { trusted, untrusted, type TokenRow } from "./tokenRows";

describe("The trust that the platform generates, by CEL alone", () => {
    let rules: AttributeRules;
    /** Member → emails of the accounts that it may act as. */
    let bound: Map<string, string[]>;
    before(async function () {
        // The whole program is loaded here.
        this.timeout(60_000);
        const resources = await platformResources();
        [rules] = Object.values(ofType(resources, providerType)) as unknown as AttributeRules[];
        bound = bindings(resources);
    });

    /** Whom claims come to act as. */
    function identities(claims: Readonly<Record<string, string>>, by: AttributeRules = rules): string[] | "refused" {
        const mapped = mapAttributes(by, claims);
        if (isRejection(mapped)) return "refused";
        return Object.entries(mapped.attributes).flatMap(([name, value]) => bound.get(`${name}/${value}`) ?? []);
    }

    const outcome = (row: TokenRow, by?: AttributeRules): string => {
        const who = identities(claimsOf(row.job), by);
        return who === "refused" ? who : who.join(" and ") || "nobody";
    };

    for (const row of trusted) {
        it(`lets ${row.what} act as ${row.expected.split("@")[0]}, and as nobody else`, () =>
            assert.equal(outcome(row), row.expected));
    }

    for (const row of untrusted) {
        it(`lets ${row.what} act as nobody`, () => assert.equal(outcome(row), row.expected));
    }

    it("says the same whichever form a repository's subject has", () => {
        for (const { job } of [...trusted, ...untrusted]) {
            assert.deepEqual(identities(claimsOf(job, "ids")), identities(claimsOf(job, "names")));
        }
    });

    it("has no part in its condition that could be left out: one of the rows above would fail", () => {
        for (const { part, without } of mutations(rules.attributeCondition!)) {
            const changed = [...trusted, ...untrusted].filter(
                (row) => outcome(row, { ...rules, attributeCondition: without }) !== row.expected,
            );
            assert.notDeepEqual(changed, [], `nothing fails without ${part}`);
        }
    });

    it("refuses a token that lacks any claim that it reads, but for the environment of a job that has none", () => {
        const read = ["repository_owner_id", "repository_id", "job_workflow_ref", "event_name", "ref", "run_id"];
        for (const { job } of trusted) {
            for (const claim of read) {
                const { [claim]: _, ...rest } = claimsOf(job);
                assert.equal(identities(rest), "refused", claim);
            }
        }
    });

    it("gives no further identity for any one claim changed", () => {
        const claims = trusted.map(({ job }) => claimsOf(job));
        const change = fc
            .constantFrom(...claims)
            .chain((original) =>
                fc
                    .constantFrom(...Object.keys(original))
                    .chain((claim) =>
                        nearly(original[claim]).map((value) => ({ original, changed: { ...original, [claim]: value } })),
                    ),
            );
        fc.assert(
            fc.property(change, ({ original, changed }) => {
                const [before, after] = [identities(original), identities(changed)];
                assert.ok(after === "refused" || after.every((one) => before.includes(one)), JSON.stringify({ before, after }));
            }),
            { numRuns: 300 },
        );
    });
});

const providerType = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider";

/** Who may act as which account, by `<attribute>/<value>`. */
function bindings(resources: readonly Registered[]): Map<string, string[]> {
    const result = new Map<string, string[]>();
    for (const { member, role, serviceAccountId } of Object.values(ofType(resources, "gcp:serviceaccount/iAMMember:IAMMember"))) {
        if (role !== "roles/iam.workloadIdentityUser") continue;
        const attribute = String(member).split("/attribute.")[1];
        result.set(attribute, [...(result.get(attribute) ?? []), String(serviceAccountId).split("/").at(-1)!]);
    }
    return result;
}

/** The condition without each of its parts: the conjuncts, and what stands beside `||` in them. */
function mutations(condition: string): { part: string; without: string }[] {
    const conjuncts = condition.split(" && ");
    const joined = (parts: readonly string[]) => parts.join(" && ");
    return conjuncts.flatMap((conjunct, index) => {
        const inPlace = (other: string[]) => joined([...conjuncts.slice(0, index), ...other, ...conjuncts.slice(index + 1)]);
        const choices = conjunct.startsWith("(") ? conjunct.slice(1, -1).split(" || ") : [];
        return [
            { part: conjunct, without: inPlace([]) },
            ...choices.map((part) => ({ part, without: inPlace([`(${choices.filter((one) => one !== part).join(" || ")})`]) })),
        ];
    });
}

/** A text that is not the given one: anything, or almost the same. */
function nearly(value: string): fc.Arbitrary<string> {
    const close = [`${value}x`, `x${value}`, value.slice(0, -1), value.slice(1), value.toUpperCase(), ` ${value}`, `${value}'`, ""];
    return fc.oneof(fc.constantFrom(...close), fc.string()).filter((other) => other !== value);
}
