import { request, type RequestOptions } from "node:http";
import { isDigest, type Digest } from "../../core/registry/reference";

/** What the daemon builds an image from. */
export interface Build {
    /** The build context as a tar archive. */
    context: Buffer;
    /** The Dockerfile, seen from the context. */
    dockerfile: string;
    /** Name and tag that the image gets. */
    name: string;
    args: Readonly<Record<string, string>>;
    /** `linux/amd64` */
    platform: string;
}

/** The API of a Docker daemon, as much of it as builds an image with BuildKit and pushes it: neither CLI nor buildx is needed. */
export class DockerApi {
    constructor(
        /** `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`. */
        readonly host: string,
    ) {}

    /** Whether a daemon answers there. */
    async answers(): Promise<boolean> {
        return this.call("GET", "/_ping").then(
            ({ status }) => status === 200,
            () => false,
        );
    }

    /** @throws DockerError in the daemon's own words */
    async build({ context, dockerfile, name, args, platform }: Build): Promise<void> {
        // 2 is BuildKit. The daemon's own version of the API is taken, whichever it is.
        const query = new URLSearchParams({ version: "2", dockerfile, t: name, platform, buildargs: JSON.stringify(args) });
        const answer = await this.call("POST", `/build?${query.toString()}`, { "content-type": "application/x-tar" }, context);
        messagesOf(answer);
    }

    /**
     * Pushes what was built under a name with a tag.
     *
     * @returns the digest that the tag means now
     * @throws DockerError in the daemon's own words, which are the registry's where it refuses
     */
    async push(name: string, login: { username?: string; password?: string; serveraddress: string }): Promise<Digest> {
        const colon = name.lastIndexOf(":");
        const path = `/images/${name.slice(0, colon)}/push?${new URLSearchParams({ tag: name.slice(colon + 1) }).toString()}`;
        // The daemon wants the padding that Node's own base64url leaves out; without it, it pushes as nobody.
        const auth = Buffer.from(JSON.stringify(login)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
        const messages = messagesOf(await this.call("POST", path, { "x-registry-auth": auth }));
        const digest = messages.map(({ aux }) => aux?.Digest).find(isDigest);
        if (!digest) {
            throw new DockerError(`the daemon at ${this.host} pushed ${name} and told no digest`);
        }
        return digest;
    }

    private call(method: string, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Answer> {
        const { protocol, hostname, port, pathname } = new URL(this.host);
        const to: RequestOptions = protocol === "unix:" ? { socketPath: pathname } : { host: hostname, port };
        return new Promise((resolve, reject) => {
            const sent = request({ ...to, method, path, headers: { host: "docker", ...headers } }, (response) => {
                let text = "";
                response.setEncoding("utf8").on("data", (part: string) => (text += part));
                response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
                response.once("error", reject);
            });
            sent.once("error", reject);
            sent.end(body);
        });
    }
}

/** What a daemon refused or failed at. */
export class DockerError extends Error {
    constructor(message: string) {
        super(message);
        this.name = "DockerError";
    }
}

interface Answer {
    status: number;
    text: string;
}

/** A line of what the daemon tells while it works. */
interface Message {
    error?: string;
    aux?: { Digest?: unknown };
}

/** The lines of an answer. An error comes as a line too: the status is sent before the work is done. */
function messagesOf({ status, text }: Answer): Message[] {
    if (status !== 200) {
        throw new DockerError(refusalOf(text) ?? `the Docker daemon answered ${status}`);
    }
    const messages = text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => JSON.parse(line) as Message);
    const failed = messages.find(({ error }) => error !== undefined);
    if (failed) {
        throw new DockerError(failed.error!);
    }
    return messages;
}

function refusalOf(text: string): string | undefined {
    try {
        return (JSON.parse(text) as { message?: string }).message;
    } catch {
        // Not the daemon's form: what it said is all there is.
        return text.trim() || undefined;
    }
}
