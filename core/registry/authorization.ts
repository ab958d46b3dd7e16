import { parseChallenges } from "./challenge";
import { type Credential, type Credentials, googleTokenUser, isGoogleRegistry } from "./credentials";
import { refusedBy } from "./denial";
import { RegistryError } from "./model";
import { isLoopback } from "./reach";

/** What a request needs to be allowed to do. */
export interface Access {
    /** Registry host as references name it. */
    host: string;
    repository: string;
    access: "pull" | "push";
    /** Another repository of the host that is read in the same request: where a blob is mounted from. */
    from?: string;
}

/** Asks a token service. It is given whatever an HTTP client needs, and answers whatever the service said. */
export type AskTokenService = (
    address: URL,
    request: { method: "GET" | "POST"; headers: Readonly<Record<string, string>>; body?: Buffer },
) => Promise<{ status: number; body: Buffer }>;

interface Token {
    value: string;
    /** Milliseconds since 1970. */
    goodUntil: number;
}

/** For so long a credential is good enough for a repository's first request: access tokens last an hour at most. */
const freshMilliseconds = 5 * 60_000;

/** Answers registries' challenges, and keeps what they gave for as long as it is good. */
export class Authorization {
    private readonly credentials = new Map<string, Promise<Credential | undefined>>();
    /** Host → when its credential was asked for, in milliseconds since 1970. */
    private readonly askedAt = new Map<string, number>();
    private readonly sources = new Map<string, string>();
    private readonly tokens = new Map<string, Promise<Token>>();
    /** Hosts that asked for Basic. */
    private readonly basic = new Set<string>();

    constructor(
        private readonly known: Credentials,
        private readonly ask: AskTokenService,
    ) {}

    /** The `Authorization` header for a request. Nothing: the registry has not asked for one yet. */
    async header(access: Access): Promise<string | undefined> {
        for (const key of tokenKeys(access)) {
            const token = await this.tokens.get(key);
            if (token && token.goodUntil > Date.now()) {
                return `Bearer ${token.value}`;
            }
        }
        if (this.basic.has(access.host)) {
            return basicHeader(await this.credential(access.host));
        }
        // Google's registries take the access token itself: this saves a refused request and a token for every repository.
        if (isGoogleRegistry(access.host)) {
            const credential = await this.credential(access.host);
            return credential && "username" in credential && credential.username === googleTokenUser
                ? `Bearer ${credential.password}`
                : undefined;
        }
        return undefined;
    }

    /**
     * The header after a request was answered 401.
     *
     * @param used the header that was refused
     * @param asked the answer's `WWW-Authenticate`
     */
    async renew(access: Access, used: string | undefined, asked: string | undefined): Promise<string | undefined> {
        const [key] = tokenKeys(access);
        const held = this.tokens.get(key);
        const current = await this.header(access);
        if (current !== used) {
            return current;
        }
        if (this.tokens.get(key) !== held) {
            return this.header(access);
        }
        const { host } = access;
        // A helper is a process of a second: one that brought nothing yet takes what another repository's request was given just now.
        const since = this.askedAt.get(host) ?? 0;
        if (used !== undefined || Date.now() - since > freshMilliseconds) {
            this.credentials.delete(host);
        }
        for (const { scheme, parameters } of parseChallenges(asked ?? "")) {
            if (scheme === "basic") {
                this.basic.add(host);
                return basicHeader(await this.credential(host));
            }
            if (parameters.realm) {
                const token = this.fetchToken(access, parameters);
                this.tokens.set(key, token);
                token.catch(() => this.tokens.get(key) === token && this.tokens.delete(key));
                return `Bearer ${(await token).value}`;
            }
        }
        return undefined;
    }

    /** What the host was asked with, for messages. Never a secret. */
    describe(host: string): string {
        return this.sources.get(host) ?? "no credential: neither docker's configuration nor Google's default credentials have one";
    }

    private credential(host: string): Promise<Credential | undefined> {
        const kept = this.credentials.get(host);
        if (kept) {
            return kept;
        }
        const credential = this.known.for(host);
        this.credentials.set(host, credential);
        this.askedAt.set(host, Date.now());
        credential.then(
            (found) => (found ? this.sources.set(host, found.source) : this.sources.delete(host)),
            () => this.credentials.delete(host),
        );
        return credential;
    }

    private async fetchToken(access: Access, { realm, service, scope }: Readonly<Record<string, string>>): Promise<Token> {
        const { host } = access;
        const address = tokenAddress(realm, host);
        const credential = await this.credential(host);
        const scopes = [...new Set([...scopesOf(access), ...(scope ?? "").split(" ").filter(Boolean)])];
        const query = new URLSearchParams([...(service ? [["service", service]] : []), ...scopes.map((each) => ["scope", each])]);
        const asked = Date.now();
        const answer =
            credential && "identityToken" in credential
                ? await this.ask(address, {
                      method: "POST",
                      headers: { "content-type": "application/x-www-form-urlencoded" },
                      body: Buffer.from(
                          new URLSearchParams({
                              grant_type: "refresh_token",
                              client_id: "oneflow",
                              ...(service ? { service } : {}),
                              scope: scopes.join(" "),
                              refresh_token: credential.identityToken,
                          }).toString(),
                      ),
                  })
                : await this.ask(withQuery(address, query), {
                      method: "GET",
                      headers: authorizationHeaders(basicHeader(credential)),
                  });
        if (answer.status !== 200) {
            throw refusedBy(
                access,
                `get a token for ${scopes.join(" ")}`,
                answer,
                this.describe(host),
                `the token service ${address.host}`,
            );
        }
        return readToken(answer.body, asked, `The token service ${address.host} of ${host}`);
    }
}

/** What a token is asked for, in the words of the token service. */
export function scopesOf({ repository, access, from }: Access): string[] {
    const own = `repository:${repository}:${access === "push" ? "pull,push" : "pull"}`;
    return from === undefined ? [own] : [own, `repository:${from}:pull`];
}

/** The keys under which a fitting token may be kept, the exact one first: a token to push also pulls. */
function tokenKeys(access: Access): string[] {
    const fitting = access.access === "pull" ? [access, { ...access, access: "push" as const }] : [access];
    return fitting.map((each) => [each.host, ...scopesOf(each)].join(" "));
}

function basicHeader(credential: Credential | undefined): string | undefined {
    return credential && "username" in credential
        ? `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString("base64")}`
        : undefined;
}

function authorizationHeaders(authorization: string | undefined): Record<string, string> {
    return authorization ? { authorization } : {};
}

function withQuery(address: URL, query: URLSearchParams): URL {
    const full = new URL(address);
    full.search = [full.search.slice(1), query.toString()].filter(Boolean).join("&");
    return full;
}

function tokenAddress(realm: string, host: string): URL {
    const address = URL.canParse(realm) ? new URL(realm) : undefined;
    if (address?.protocol !== "https:" && !(address?.protocol === "http:" && isLoopback(address.host) && isLoopback(host))) {
        throw new RegistryError(
            `${host} names ${JSON.stringify(realm)} as its token service: expected https, because the credential is sent there`,
        );
    }
    return address;
}

function readToken(body: Buffer, asked: number, who: string): Token {
    let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown };
    try {
        answer = JSON.parse(body.toString("utf8")) ?? {};
    } catch {
        // The parser's message quotes the text, and with it the token.
        throw new RegistryError(`${who} did not answer with JSON`);
    }
    const value = answer.token ?? answer.access_token;
    if (typeof value !== "string" || value === "") {
        throw new RegistryError(`${who} answered without a token`);
    }
    // The distribution specification: a token that does not say is good for a minute.
    const seconds = typeof answer.expires_in === "number" && answer.expires_in > 0 ? answer.expires_in : 60;
    return { value, goodUntil: asked + seconds * 800 };
}
