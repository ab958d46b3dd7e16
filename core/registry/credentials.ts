import { applicationDefault } from "../google/accessToken";
import { dockerCredentials } from "./dockerConfig";
import { RegistryError } from "./model";

/** What a registry is asked with. The source is for messages; the secrets never are. */
export type Credential = {
    /** Where it came from, for messages: `docker-credential-gcloud`. */
    source: string;
} & ({ username: string; password: string } | { identityToken: string });

export interface Credentials {
    /**
     * The credential for a registry host as references name it. Nothing: the registry is asked anonymously.
     *
     * @throws RegistryError where a source that should know failed
     */
    for(host: string): Promise<Credential | undefined>;
}

/** Docker's configuration first, then, for Google's registries, Application Default Credentials. */
export function defaultCredentials(): Credentials {
    return firstOf(dockerCredentials(), googleCredentials());
}

/** The first of several sources that has a credential. */
export function firstOf(...sources: readonly Credentials[]): Credentials {
    return {
        async for(host) {
            for (const source of sources) {
                const credential = await source.for(host);
                if (credential) {
                    return credential;
                }
            }
            return undefined;
        },
    };
}

/** Nobody: every registry is asked anonymously. */
export const anonymous: Credentials = { for: () => Promise.resolve(undefined) };

/** The user name under which Google's registries take an access token as password. */
export const googleTokenUser = "oauth2accesstoken";

/** Whether a host is Artifact Registry or its predecessor. */
export function isGoogleRegistry(host: string): boolean {
    return /(^|\.)(pkg\.dev|gcr\.io)$/.test(host);
}

/** Google Application Default Credentials, for Google's registries only. The library is loaded when first needed. */
export function googleCredentials(): Credentials {
    const accessToken = applicationDefault();
    return {
        async for(host) {
            if (!isGoogleRegistry(host)) {
                return undefined;
            }
            try {
                const password = await accessToken();
                return password
                    ? { source: "Google Application Default Credentials", username: googleTokenUser, password }
                    : undefined;
            } catch (error) {
                throw new RegistryError(
                    `Google Application Default Credentials, wanted for ${host}, gave no token: ${(error as Error).message}\n→ gcloud auth application-default login`,
                );
            }
        },
    };
}
