import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";

/** What a job asks of git over HTTP. */
export interface GitCall {
    /** Folder of the bare repositories. */
    directory: string;
    /** Name of the repository as it is on disk: `acme/shop`. */
    repository: string;
    /** What follows it: `/info/refs`. */
    rest: string;
    query: string;
    /** Login of who pushes. */
    user: string;
    /** Folder of the Actions, which know the rules that hold a push. */
    actions: string;
}

/**
 * Answers a call with git's own server. A push is held to the repository's rulesets, and starts nothing: else a workflow could
 * start itself for ever.
 */
export async function answerGit(request: IncomingMessage, response: ServerResponse, call: GitCall): Promise<void> {
    const { authorization: _authorization, ...headers } = request.headers;
    const settings = {
        "http.receivepack": "true",
        "uploadpack.allowAnySHA1InWant": "true",
        "uploadpack.allowFilter": "true",
        // In place of the repository's own, which tell the Actions of a person's push.
        "core.hooksPath": join(__dirname, "hooks", "job"),
    };
    const child = spawn("git", ["http-backend"], {
        env: {
            PATH: process.env.PATH,
            GIT_CONFIG_GLOBAL: "/dev/null",
            GIT_CONFIG_NOSYSTEM: "1",
            GIT_PROJECT_ROOT: call.directory,
            GIT_HTTP_EXPORT_ALL: "1",
            PATH_INFO: `/${call.repository}.git${call.rest}`,
            QUERY_STRING: call.query,
            REQUEST_METHOD: request.method,
            CONTENT_TYPE: headers["content-type"] ?? "",
            CONTENT_LENGTH: headers["content-length"] ?? "",
            HTTP_CONTENT_ENCODING: String(headers["content-encoding"] ?? ""),
            GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
            REMOTE_USER: call.user,
            SANDBOX_ACTIONS: call.actions,
            SANDBOX_REPOSITORY: call.repository,
            GIT_CONFIG_COUNT: String(Object.keys(settings).length),
            ...Object.fromEntries(
                Object.entries(settings).flatMap(([key, value], index) => [
                    [`GIT_CONFIG_KEY_${index}`, key],
                    [`GIT_CONFIG_VALUE_${index}`, value],
                ]),
            ),
        },
        stdio: ["pipe", "pipe", "ignore"],
    });
    request.pipe(child.stdin);
    // git may have heard enough before the client has said all.
    child.stdin.on("error", () => undefined);
    await relay(child.stdout, response);
}

/** A CGI program's answer: headers, an empty line, the content. */
async function relay(answer: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of answer) {
        if (head === undefined) {
            response.write(chunk);
            continue;
        }
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        for (const line of head.subarray(0, end).toString().split("\r\n")) {
            const [name, value] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()];
            if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
            else response.setHeader(name, value);
        }
        response.write(head.subarray(end + 4));
        head = undefined;
    }
    response.end();
}
