/** One entry of an OCI error body. */
export interface OciError {
    /** Code of the distribution specification: `NAME_UNKNOWN`, `DENIED`, `MANIFEST_BLOB_UNKNOWN` … */
    code: string;
    message: string;
    detail?: unknown;
}

/** A request that the registry refuses, as it is answered: status, headers and the OCI error body. */
export class RegistryFailure extends Error {
    constructor(
        readonly status: number,
        readonly errors: readonly OciError[],
        readonly headers: Readonly<Record<string, string>> = {},
    ) {
        super(errors.map(({ code, message }) => `${code}: ${message}`).join("; "));
        this.name = "RegistryFailure";
    }
}

/** A refusal with a single reason. */
export function failure(
    status: number,
    code: string,
    message: string,
    { detail, headers }: { detail?: unknown; headers?: Readonly<Record<string, string>> } = {},
): RegistryFailure {
    return new RegistryFailure(status, [{ code, message, ...(detail === undefined ? {} : { detail }) }], headers);
}
