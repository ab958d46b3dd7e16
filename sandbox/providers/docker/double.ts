import { connect } from "node:net";
import { ProviderError, type ProviderDouble } from "../double";

/**
 * Plays the package `docker`: it looks for a daemon when it is configured, as the real one does, and without one nothing goes on.
 * With one there is still nothing that it builds: images of the sandbox come from its own pipeline.
 */
export function dockerDouble({ host: ownHost = "unix:///var/run/docker.sock" }: { host?: string }): ProviderDouble {
    return {
        name: "docker",
        version: "5.2.0",
        configure: async ({ host = ownHost }) => {
            if (!(await answers(host))) {
                throw new ProviderError(
                    `Error pinging Docker server: Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`,
                );
            }
            const refuse = (token: string): never => {
                throw new ProviderError(`the sandbox's docker has no ${token}`);
            };
            return {
                check: ({ token }) => refuse(token),
                diff: ({ token }) => refuse(token),
                create: async ({ token }) => refuse(token),
                read: async ({ token }) => refuse(token),
                update: async ({ token }) => refuse(token),
                delete: async ({ token }) => refuse(token),
                invoke: async (token) => refuse(token),
            };
        },
    };
}

function answers(host: string): Promise<boolean> {
    const { protocol, hostname, port, pathname } = new URL(host);
    return new Promise((resolve) => {
        const socket = protocol === "unix:" ? connect(pathname) : connect(Number(port), hostname);
        socket.once("connect", () => (socket.destroy(), resolve(true)));
        socket.once("error", () => resolve(false));
    });
}
