import type { Access } from "./authorization";
import { isGoogleRegistry } from "./credentials";
import { RegistryError } from "./model";

/** What a registry said in an error's body, as far as it said it in the form of the distribution specification. */
export interface Complaint {
    code?: string;
    message?: string;
}

/** Reads the error body of a registry. */
export function readComplaint(body: Buffer): Complaint {
    const text = body.toString("utf8").trim();
    try {
        const [first] = (JSON.parse(text) as { errors?: Complaint[] }).errors ?? [];
        return { code: first?.code, message: first?.message };
    } catch {
        // Proxies in front of registries answer with pages of their own.
        return text === "" ? {} : { message: text.slice(0, 300) };
    }
}

/**
 * The error for an answer that is none of those that the request expected.
 *
 * @param action what could not be done, to what: `push 127.0.0.1:5000/shop/cart:v1`
 * @param credential what the registry was asked with
 * @param by host that answered. @default the registry's
 */
export function refusedBy(
    access: Access,
    action: string,
    { status, body }: { status: number; body: Buffer },
    credential: string,
    by = access.host,
): RegistryError {
    const { code, message } = readComplaint(body);
    const said = [`Cannot ${action}: ${by} answered ${[status, code].filter(Boolean).join(" ")}`, message]
        .filter(Boolean)
        .join(": ");
    const lines = status === 401 || status === 403 ? [said, `asked with ${credential}`, ...remedies(access)] : [said];
    return new RegistryError(lines.join("\n"), status, code);
}

function remedies({ host, repository, access }: Access): string[] {
    if (!isGoogleRegistry(host)) {
        return [
            `→ docker login ${host}, with an account that may ${access} ${repository}; a registry may also answer so where nothing is there`,
        ];
    }
    const role = `roles/artifactregistry.${access === "push" ? "writer" : "reader"}`;
    const location = /^(.+)-docker\.pkg\.dev$/.exec(host)?.[1];
    const [project, id] = repository.split("/");
    const grant = location
        ? `gcloud artifacts repositories add-iam-policy-binding ${id} --project=${project} --location=${location} --role=${role} --member=…`
        : `grant ${role} on ${host}/${repository}`;
    return [`→ gcloud auth application-default login, as somebody who may ${access}`, `→ ${grant}`];
}
