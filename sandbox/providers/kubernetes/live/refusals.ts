import { ApiRefused } from "../../../kubernetes/clusterClient";
import { ProviderError } from "../../double";
import { unreachable } from "../kubeconfig";

/** What an API server or the way to it said, as the provider says it. What is no refusal stays what it is. */
export function inProvidersWords(error: unknown, fieldManager?: string): unknown {
    if (error instanceof ApiRefused) {
        if (error.code === 401) return unreachable("the server has asked for the client to provide credentials");
        return new ProviderError(`${error.message}${hints(error, fieldManager)}`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    return code !== undefined && networkErrors.test(code) ? unreachable(message) : error;
}

/** The real provider's own addition to the server's words. */
function hints({ reason }: ApiRefused, fieldManager: string | undefined): string {
    if (reason === "AlreadyExists") {
        return (
            "\n\nThe resource already exists in the cluster. To take it over: `pulumi import`, " +
            "or `upsertExistingObjects` on the provider; to rename a resource of this stack: an alias."
        );
    }
    if (reason === "Conflict" && fieldManager !== undefined) {
        return (
            `\n\nserver-side apply field conflict detected: the resource managed by field manager ${JSON.stringify(fieldManager)} ` +
            'had an apply conflict. Let the other manager keep the field by leaving it out of the program, or take it with the annotation "pulumi.com/patchForce": "true".'
        );
    }
    return "";
}

const networkErrors = /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|AI_|NOTFOUND)|ENOTFOUND|EAI_|CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS)/;
