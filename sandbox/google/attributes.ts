import { celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import type { Assertion } from "./webToken";

/** How a provider reads a token: CEL over `assertion`, and in the condition over what was mapped. */
export interface AttributeRules {
    attributeMapping: Readonly<Record<string, string>>;
    /** @default - every token is taken */
    attributeCondition?: string;
}

/** What a token comes to mean in the cloud. */
export interface Mapped {
    /** `google.subject`. */
    subject: string;
    /** `NAME` of `attribute.NAME` → value. */
    attributes: Readonly<Record<string, string>>;
}

/** Why a token is not taken: Google's code and words. */
export interface Rejection {
    error: string;
    description: string;
}

/** Evaluates mapping and condition as Google does: whatever cannot be evaluated refuses. */
export function mapAttributes({ attributeMapping, attributeCondition }: AttributeRules, assertion: Assertion): Mapped | Rejection {
    const mapped: Record<string, string> = {};
    for (const [name, expression] of Object.entries(attributeMapping)) {
        const value = evaluate(expression, { assertion });
        if (value === undefined) {
            return rejection("invalid_request", `Failed to map ${name}: the expression ${expression} has no value for this token.`);
        }
        if (typeof value !== "string") {
            return rejection("invalid_request", `The mapped attribute ${name} must be a string.`);
        }
        mapped[name] = value;
    }
    const subject = mapped["google.subject"] ?? "";
    if (subject === "") {
        return rejection("invalid_request", "The mapped attribute google.subject is required and must not be empty.");
    }
    if (Buffer.byteLength(subject) > 127) {
        return rejection(
            "invalid_request",
            "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.",
        );
    }
    const attributes = Object.fromEntries(
        Object.entries(mapped)
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, value]) => [name.slice(prefix.length), value]),
    );
    const given = { assertion, google: { subject }, attribute: attributes };
    if (attributeCondition !== undefined && attributeCondition !== "" && evaluate(attributeCondition, given) !== true) {
        return rejection("unauthorized_client", "The given credential is rejected by the attribute condition.");
    }
    return { subject, attributes };
}

export function isRejection(result: Mapped | Rejection): result is Rejection {
    return "error" in result;
}

/** The value of an expression. Nothing where it cannot be evaluated, as for a claim that the token does not have. */
function evaluate(expression: string, given: Record<string, unknown>): unknown {
    const value = planned(expression)(given as Parameters<Planned>[0]);
    return isCelError(value) ? undefined : value;
}

/** A provider's expressions are evaluated for every token: each is parsed once. */
function planned(expression: string): Planned {
    const known = plans.get(expression) ?? plan(celEnv(), parse(expression));
    plans.set(expression, known);
    return known;
}

type Planned = ReturnType<typeof plan>;
const plans = new Map<string, Planned>();

function rejection(error: string, description: string): Rejection {
    return { error, description };
}

const prefix = "attribute.";
