import type { IncomingMessage, ServerResponse } from "node:http";
import { apiFailure } from "./failure";

/** One request to one of Google Cloud's services. */
export interface Call {
    request: IncomingMessage;
    response: ServerResponse;
    url: URL;
    /** What the path names, decoded. */
    names: string[];
}

export interface Route {
    method: string;
    path: RegExp;
    /** @returns what is answered as JSON; nothing where it was answered already */
    handle(call: Call): Promise<object | undefined>;
}

export function answerJson(response: ServerResponse, status: number, value: object): void {
    const body = Buffer.from(JSON.stringify(value));
    response.writeHead(status, { "Content-Type": "application/json; charset=UTF-8", "Content-Length": body.length }).end(body);
}

/** @throws GoogleFailure where the body is no JSON */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
    const text = (await readBody(request)).toString();
    try {
        return JSON.parse(text === "" ? "{}" : text) as Record<string, unknown>;
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw apiFailure(400, "INVALID_ARGUMENT", `Invalid JSON payload received: ${error.message}`);
    }
}

/** The token service takes OAuth's forms, with names in snake case, and Google's JSON, in camel case. */
export async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
    if (request.headers["content-type"]?.startsWith("application/json")) {
        const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        const entries = Object.entries(await readJson(request));
        return Object.fromEntries(entries.map(([name, value]) => [snakeCase(name), String(value)]));
    }
    return Object.fromEntries(new URLSearchParams((await readBody(request)).toString()));
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
}
