/**
 * Gives access tokens by Google's Application Default Credentials; nothing where this machine has none. Google's library, which keeps a
 * token while it is good, is loaded when first needed.
 */
export function applicationDefault(): () => Promise<string | undefined> {
    let library: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | undefined;
    const load = async () => {
        const { GoogleAuth } = await import("google-auth-library");
        return new GoogleAuth({ scopes: ["https://www.googleapis.com/auth/cloud-platform"] });
    };
    return async () => {
        library ??= load();
        try {
            return (await (await library).getAccessToken()) ?? undefined;
        } catch (error) {
            if ((error as Error).message.startsWith("Could not load the default credentials")) {
                return undefined;
            }
            throw error;
        }
    };
}
