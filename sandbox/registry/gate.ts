import type { IncomingMessage } from "node:http";
import { failure, type RegistryFailure } from "./failure";
import type { Action, PolicyRepository, RegistryPolicy } from "./policy";
import type { Seal } from "./seal";

/** Who sends a request: a member, or somebody without an identity, with or without having asked for a token. */
export type Caller = { member: string } | { anonymous: "bare" | "token" };

/** Lets requests in as Artifact Registry does: by Basic or Bearer, judged anew by the policy at each of them. */
export class Gate {
    constructor(
        private readonly policy: RegistryPolicy,
        private readonly seal: Seal,
        /** Host and port that clients reach the registry at. */
        private readonly address: string,
        private readonly tokenLifetimeSeconds: number,
    ) {}

    /** @throws RegistryFailure where a credential is given and not valid */
    caller(request: IncomingMessage): Caller {
        const header = request.headers.authorization;
        if (header === undefined) {
            return { anonymous: "bare" };
        }
        const [scheme, credential = ""] = header.split(" ");
        const caller =
            scheme.toLowerCase() === "basic"
                ? this.basic(credential)
                : scheme.toLowerCase() === "bearer"
                  ? this.bearer(credential)
                  : undefined;
        if (caller === undefined) {
            throw this.challenge("The credential is not valid, or no longer");
        }
        return caller;
    }

    /** The repository, where the caller may do this in it. @throws RegistryFailure otherwise: 401, 404 or 403 */
    admit(caller: Caller, action: Action, path: string): PolicyRepository & { immutableTags: boolean } {
        const member = "member" in caller ? caller.member : undefined;
        const repository = this.policy.repository(path);
        const missing = repository && this.policy.denied(member, action, repository);
        if (repository && missing === undefined) {
            return repository;
        }
        if ("anonymous" in caller && caller.anonymous === "bare") {
            throw this.challenge("Authentication is required", `repository:${path}:${action === "push" ? "pull,push" : "pull"}`);
        }
        if (!repository) {
            throw failure(404, "NAME_UNKNOWN", `Repository ${JSON.stringify(path.split("/")[1] ?? path)} not found`);
        }
        throw failure(403, "DENIED", denial(member, missing!, repository));
    }

    /** Whether the caller may pull from there: what a mount asks of its source. */
    mayPull(caller: Caller, path: string): boolean {
        const repository = this.policy.repository(path);
        const member = "member" in caller ? caller.member : undefined;
        return repository !== undefined && this.policy.denied(member, "pull", repository) === undefined;
    }

    /** A bearer token for the caller. Somebody without credentials gets one only for what everybody may pull. */
    token(request: IncomingMessage, url: URL): { token: string; access_token: string; expires_in: number } {
        const service = url.searchParams.get("service");
        if (service !== null && service !== this.address) {
            throw failure(400, "UNSUPPORTED", `Service ${JSON.stringify(service)} is not served here, ${this.address} is`);
        }
        const caller = this.caller(request);
        if ("anonymous" in caller && !this.openToAll(url.searchParams.getAll("scope"))) {
            throw failure(401, "UNAUTHORIZED", "Authentication is required", {
                headers: { "WWW-Authenticate": `Basic realm="http://${this.address}/v2/token"` },
            });
        }
        const token = this.seal.close("token", "member" in caller ? caller.member : "", this.tokenLifetimeSeconds);
        return { token, access_token: token, expires_in: this.tokenLifetimeSeconds };
    }

    /** The answer to who must say who they are. */
    challenge(message: string, scope?: string): RegistryFailure {
        const parameters = [
            `realm="http://${this.address}/v2/token"`,
            `service="${this.address}"`,
            ...(scope ? [`scope="${scope}"`] : []),
        ];
        return failure(401, "UNAUTHORIZED", message, { headers: { "WWW-Authenticate": `Bearer ${parameters.join(",")}` } });
    }

    private basic(credential: string): Caller | undefined {
        const [username, ...rest] = Buffer.from(credential, "base64").toString().split(":");
        const member = this.policy.authenticate(username, rest.join(":"));
        return member === undefined ? undefined : { member };
    }

    private bearer(credential: string): Caller | undefined {
        const sealed = this.seal.open("token", credential);
        if (sealed !== undefined) {
            return sealed === "" ? { anonymous: "token" } : { member: sealed };
        }
        // Artifact Registry takes an access token itself as a bearer token too.
        const member = this.policy.authenticate("oauth2accesstoken", credential);
        return member === undefined ? undefined : { member };
    }

    private openToAll(scopes: readonly string[]): boolean {
        const paths = scopes.flatMap((scope) => scope.split(" ")).map((scope) => /^repository:([^:]+):/.exec(scope)?.[1]);
        return paths.length > 0 && paths.every((path) => path !== undefined && this.mayPull({ anonymous: "bare" }, path));
    }
}

/** The words of Google's own denial. */
function denial(member: string | undefined, permission: string, { project, location, repositoryId }: PolicyRepository): string {
    const resource = `projects/${project}/${location ? `locations/${location}/` : ""}repositories/${repositoryId}`;
    return member === undefined
        ? `Unauthenticated request. Unauthenticated requests do not have permission "${permission}" on resource "${resource}" (or it may not exist)`
        : `Permission "${permission}" denied on resource "${resource}" (or it may not exist)`;
}
