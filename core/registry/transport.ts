import * as http from "node:http";
import * as https from "node:https";
import { type Readable, pipeline } from "node:stream";
import { type Access, Authorization } from "./authorization";
import type { Credentials } from "./credentials";
import { refusedBy } from "./denial";
import { Gate } from "./gate";
import { RegistryError } from "./model";
import { followed, originOf } from "./reach";
import { isCut, type Patience, retry, retryAfter, Transient } from "./retry";

/** A request to a registry. */
export interface Call extends Access {
    method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
    /** Path and query below the host, or an address that the registry named. */
    path: string;
    headers?: Readonly<Record<string, string>>;
    body?: Buffer | StreamedBody;
    /** What is being done, to what, for messages: `pull 127.0.0.1:5000/shop/cart:v1`. */
    action: string;
    /** Statuses that mean something to the caller beside those of success. */
    expects?: readonly number[];
    /** Bytes that an answer may have at most. @default 8 MiB: manifests have 4 at most */
    limit?: number;
}

/** A body that is read from elsewhere while it is sent, anew for each attempt. */
export interface StreamedBody {
    length: number;
    open(): Promise<Readable>;
}

export interface Answer {
    status: number;
    headers: http.IncomingHttpHeaders;
    /** Where the answer came from, after redirects. */
    address: URL;
    body: Buffer;
}

const redirects = [301, 302, 303, 307, 308];
const passing = [429, 500, 502, 503, 504];
/** Milliseconds without a byte in either direction after which a connection counts as cut. */
const silence = 120_000;

/** HTTP to registries: kept connections, so many requests at a time per host, credentials, redirects, retries. */
export class Transport {
    /** Requests sent so far, those to token services and those that failed included. */
    requests = 0;
    private readonly agents: Readonly<Record<string, http.Agent>>;
    private readonly gates = new Map<string, Gate>();
    private readonly authorization: Authorization;

    constructor(
        credentials: Credentials,
        private readonly concurrency: number,
        readonly patience: Patience,
    ) {
        const options = { keepAlive: true, maxFreeSockets: concurrency };
        this.agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
        this.authorization = new Authorization(credentials, (address, { method, headers, body }) =>
            retry(this.patience, async () => {
                const answer = await this.cutIsTransient(`ask the token service ${address.host}`, () =>
                    this.exchange(address, { method, headers, body, limit: 1 << 20 }),
                );
                if (passing.includes(answer.status)) {
                    throw passingError(
                        new RegistryError(`The token service ${address.host} answered ${answer.status}`, answer.status),
                        answer,
                    );
                }
                return answer;
            }),
        );
    }

    /** Sends, and sends again while failures may pass. The body must be the same whenever it is sent. */
    send(call: Call): Promise<Answer> {
        return retry(this.patience, () => this.sendOnce(call));
    }

    /** Sends once, for what cannot simply be sent again: the caller starts over. */
    sendOnce(call: Call): Promise<Answer> {
        return this.settle(call, (address, headers) => this.exchange(address, { ...call, headers }));
    }

    /** The answer's body as it comes in. It does not count against the requests at a time once it flows. */
    async open(call: Call): Promise<Readable> {
        const answer = await this.settle(call, (address, headers) =>
            this.gate(address).pass(async () => {
                const incoming = await this.connect(address, call.method, headers);
                const { statusCode: status, headers: answered } = incoming;
                const content: Answer & { content?: Readable } =
                    status === 200
                        ? { status, headers: answered, address, body: Buffer.alloc(0), content: incoming }
                        : await readAnswer(incoming, address, defaultLimit);
                return content;
            }),
        );
        if (!answer.content) {
            throw new RegistryError(`Cannot ${call.action}: ${call.host} answered ${answer.status} without content`, answer.status);
        }
        return answer.content;
    }

    /** Follows redirects, answers a challenge once, and turns what the caller does not expect into errors. */
    private async settle<T extends Answer>(
        call: Call,
        exchange: (address: URL, headers: Readonly<Record<string, string>>) => Promise<T>,
    ): Promise<T> {
        const home = new URL(originOf(call.host));
        const attempt = async (authorization: string | undefined) => {
            let address = followed(call.path, home);
            for (let hops = 0; ; hops++) {
                // The credential is the registry's: where it sends the client to is another's business.
                const own: Record<string, string> = authorization && address.host === home.host ? { authorization } : {};
                const answer = await exchange(address, { ...call.headers, ...own });
                if (!redirects.includes(answer.status) || !answer.headers.location || hops >= 5) {
                    return answer;
                }
                address = followed(answer.headers.location, address);
            }
        };
        const { answer, credential } = await this.cutIsTransient(call.action, async () => {
            const used = await this.authorization.header(call);
            const first = await attempt(used);
            if (first.status !== 401 || first.address.host !== home.host) {
                return { answer: first, credential: this.authorization.describe(call.host) };
            }
            const renewed = await this.authorization.renew(call, used, first.headers["www-authenticate"]);
            return { answer: renewed ? await attempt(renewed) : first, credential: this.authorization.describe(call.host) };
        });
        const { status } = answer;
        if ((status >= 200 && status < 300) || call.expects?.includes(status)) {
            return answer;
        }
        const error = refusedBy(call, call.action, answer, credential);
        throw passing.includes(status) ? passingError(error, answer) : error;
    }

    private async exchange(
        address: URL,
        { method, headers, body, limit = defaultLimit }: Pick<Call, "method" | "headers" | "body" | "limit">,
    ): Promise<Answer> {
        // Opened before the place among the requests is taken: the source may be a request to the same host.
        const sent = body === undefined || Buffer.isBuffer(body) ? body : await body.open();
        const length = Buffer.isBuffer(body) ? body.length : body?.length;
        try {
            return await this.gate(address).pass(async () => {
                const all = length === undefined ? headers : { ...headers, "content-length": String(length) };
                const incoming = await this.connect(address, method, all, sent);
                return readAnswer(incoming, address, limit);
            });
        } finally {
            if (sent && !Buffer.isBuffer(sent)) {
                sent.destroy();
            }
        }
    }

    private connect(
        address: URL,
        method: string,
        headers: Call["headers"],
        body?: Buffer | Readable,
    ): Promise<http.IncomingMessage> {
        this.requests += 1;
        return new Promise((resolve, reject) => {
            const request = (address.protocol === "https:" ? https : http).request(address, {
                method,
                agent: this.agents[address.protocol],
                headers: { "user-agent": "oneflow", ...headers },
                timeout: silence,
            });
            request.on("timeout", () =>
                request.destroy(Object.assign(new Error("nothing was heard for two minutes"), { code: "ETIMEDOUT" })),
            );
            request.on("response", resolve);
            request.on("error", reject);
            if (body === undefined || Buffer.isBuffer(body)) {
                request.end(body);
            } else {
                pipeline(body, request, (error) => error && reject(error));
            }
        });
    }

    private gate(address: URL): Gate {
        const gate = this.gates.get(address.host) ?? new Gate(this.concurrency);
        this.gates.set(address.host, gate);
        return gate;
    }

    private async cutIsTransient<T>(action: string, work: () => Promise<T>): Promise<T> {
        try {
            return await work();
        } catch (error) {
            if (error instanceof RegistryError || error instanceof Transient) {
                throw error;
            }
            const final = new RegistryError(`Cannot ${action}: ${(error as Error).message}`);
            throw isCut(error) ? passingError(final) : final;
        }
    }
}

const defaultLimit = 8 << 20;

function passingError(error: RegistryError, answer?: Answer): Transient {
    const final = (attempts: number) =>
        attempts === 1 ? error : new RegistryError(`${error.message} (the last of ${attempts} attempts)`, error.status, error.code);
    return new Transient(final, retryAfter(answer?.headers["retry-after"], Date.now()));
}

async function readAnswer(incoming: http.IncomingMessage, address: URL, limit: number): Promise<Answer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > limit) {
            throw new RegistryError(
                `${address.host} answered ${address.pathname} with more than the ${limit} bytes that it may have`,
            );
        }
        chunks.push(chunk);
    }
    return { status: incoming.statusCode!, headers: incoming.headers, address, body: Buffer.concat(chunks) };
}
