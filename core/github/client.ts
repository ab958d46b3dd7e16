import { Refusal } from "../refusal";

/** What is asked of GitHub's REST API besides the path. */
interface Request {
    body?: object;
    /** Statuses that mean something to the caller; all others outside 2xx are refusals. @default none */
    expects?: readonly number[];
}

interface Answer<T> {
    status: number;
    /** The body as GitHub gives it. Of a status that the caller expects it is the error's. */
    value: T;
}

/** GitHub's REST API, asked as whoever a token stands for. The token is sent and never kept in a message. */
export class GithubClient {
    constructor(
        /** `https://api.github.com`, or where a GitHub Enterprise Server has it. */
        private readonly address: string,
        private readonly token: string,
    ) {}

    /**
     * GitHub by the environment variables that the GitHub provider reads.
     *
     * @throws Refusal where there is no token
     */
    static of(environment: Readonly<Record<string, string | undefined>>): GithubClient {
        const token = environment.GITHUB_TOKEN;
        if (!token) {
            throw new Refusal("GitHub was not asked, nothing was changed", [
                {
                    subject: "GITHUB_TOKEN",
                    message: "is not set; the platform makes environments, rulesets and workflow files on GitHub",
                    remedy: 'export GITHUB_TOKEN="$(gh auth token)"   # of an administrator of the repositories, scopes repo and workflow',
                },
            ]);
        }
        return new GithubClient((environment.GITHUB_BASE_URL ?? "https://api.github.com").replace(/\/$/, ""), token);
    }

    /** What a path holds; nothing where there is nothing, or nothing that the token may see. @throws Refusal */
    async get<T>(path: string): Promise<T | undefined> {
        const { status, value } = await this.send<T>("GET", path, { expects: [404] });
        return status === 404 ? undefined : value;
    }

    /** @throws Refusal with GitHub's own words */
    async send<T>(method: "GET" | "POST" | "PATCH", path: string, { body, expects = [] }: Request = {}): Promise<Answer<T>> {
        const response = await fetch(`${this.address}${path}`, {
            method,
            headers: {
                accept: "application/vnd.github+json",
                authorization: `Bearer ${this.token}`,
                "user-agent": "oneflow",
                "x-github-api-version": "2022-11-28",
                ...(body && { "content-type": "application/json" }),
            },
            ...(body && { body: JSON.stringify(body) }),
        }).catch((error: unknown) => {
            const { cause, message } = error as Error;
            const why = cause instanceof Error ? cause.message : message;
            throw refusal(`${method} ${this.address}${path}`, `cannot be reached: ${why}`);
        });
        const text = await response.text();
        if (!response.ok && !expects.includes(response.status)) {
            throw refusal(`${method} ${path}`, `${response.status} ${messageOf(text)}`, remedies[response.status]);
        }
        return { status: response.status, value: (text ? JSON.parse(text) : undefined) as T };
    }
}

const remedies: Readonly<Record<number, string>> = {
    401: 'export GITHUB_TOKEN="$(gh auth token)"   # the one that is set is not valid, or no longer',
    403: "use the token of an administrator of the repository, with the scopes repo and workflow",
    404: "use a token that sees the repository; a workflow file also needs the scope workflow",
    409: "run pulumi up again: somebody wrote to the repository at the same time",
};

function refusal(subject: string, message: string, remedy?: string): Refusal {
    return new Refusal("GitHub refused", [{ subject, message, ...(remedy && { remedy }) }]);
}

/** What GitHub says in the body of an error, with what it says of single fields. */
function messageOf(text: string): string {
    try {
        const { message, errors } = JSON.parse(text) as { message?: string; errors?: (string | { message?: string })[] };
        const details = (errors ?? []).flatMap((error) => (typeof error === "string" ? error : (error.message ?? [])));
        return [message ?? text, ...details].join("; ");
    } catch {
        // A proxy between GitHub and here answers in HTML.
        return text.slice(0, 200);
    }
}
