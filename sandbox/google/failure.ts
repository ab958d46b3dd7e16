/** An answer that refuses, in Google's words. */
export class GoogleFailure extends Error {
    constructor(
        readonly status: number,
        message: string,
        readonly body: object,
    ) {
        super(message);
        this.name = "GoogleFailure";
    }
}

/** A refusal of the token service: OAuth's form. */
export function oauthFailure(error: string, description: string): GoogleFailure {
    return new GoogleFailure(400, description, { error, error_description: description });
}

/** A refusal of any other service. */
export function apiFailure(code: number, status: string, message: string, details: readonly object[] = []): GoogleFailure {
    return new GoogleFailure(code, message, { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } });
}

/** A missing permission, which is named. */
export function denied(permission: string, resource: string, domain: string, message?: string): GoogleFailure {
    const text = message ?? `Permission '${permission}' denied on resource (or it may not exist).`;
    return apiFailure(403, "PERMISSION_DENIED", text, [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "IAM_PERMISSION_DENIED",
            domain,
            metadata: { permission, resource },
        },
    ]);
}
