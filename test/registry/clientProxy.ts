import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What becomes of a request instead of what the registry would do. */
export type Fault =
    /** The registry never hears of it: this is answered. */
    | { status: number; headers?: Record<string, string>; body?: string }
    /** The registry never hears of it: the connection ends. */
    | "cut"
    /** The registry does it, and the connection ends before the answer. */
    | "cut afterwards"
    /** The registry does it, and the connection ends in the middle of the answer's body. */
    | "cut halfway"
    /** The registry is asked for something else. */
    | { path: string }
    /** The registry's answer is another. */
    | { answer: (body: Buffer, headers: Record<string, unknown>) => Buffer };

/** A proxy that stands in front of a registry and sees every request. */
export interface Proxy {
    /** `127.0.0.1:PORT` */
    address: string;
    /** `METHOD /path`, in the order in which they came. */
    seen: readonly string[];
    close(): void;
}

/** @param faultOf what becomes of a request, the first being 1. Nothing: it is passed on */
export async function startProxy(
    upstream: string,
    faultOf: (count: number, incoming: IncomingMessage) => Fault | undefined,
): Promise<Proxy> {
    const seen: string[] = [];
    const server = createServer((incoming, response) => {
        seen.push(`${incoming.method} ${incoming.url}`);
        const fault = faultOf(seen.length, incoming);
        if (fault === "cut") {
            incoming.socket.destroy();
        } else if (fault && typeof fault === "object" && "status" in fault) {
            response.writeHead(fault.status, fault.headers).end(fault.body);
        } else {
            passOn(upstream, incoming, response, fault);
        }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
        address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        seen,
        close() {
            server.close();
            server.closeAllConnections();
        },
    };
}

function passOn(
    upstream: string,
    incoming: IncomingMessage,
    response: ServerResponse,
    fault: Exclude<Fault, { status: number }> | undefined,
): void {
    const [hostname, port] = upstream.split(":");
    const path = typeof fault === "object" && "path" in fault ? fault.path : incoming.url;
    const onward = request({ hostname, port, path, method: incoming.method, headers: incoming.headers });
    onward.on("response", (answer) => {
        buffer(answer).then(
            (body) => {
                const changed = typeof fault === "object" && "answer" in fault ? fault.answer(body, answer.headers) : body;
                if (fault === "cut afterwards") {
                    incoming.socket.destroy();
                    return;
                }
                response.writeHead(answer.statusCode!, answer.headers);
                if (fault === "cut halfway") {
                    response.write(changed.subarray(0, changed.length / 2), () => incoming.socket.destroy());
                } else {
                    response.end(changed);
                }
            },
            () => incoming.socket.destroy(),
        );
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.on("error", () => onward.destroy());
    incoming.pipe(onward);
}
