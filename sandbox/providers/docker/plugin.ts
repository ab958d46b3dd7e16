import { serveProvider } from "../server";
import { dockerDouble } from "./double";

/**
 * The package `docker` as a program that the engine starts itself, in the project's folder and with the environment of whoever
 * runs it, as it starts the real one: build contexts are seen from there, and `DOCKER_HOST` and `DOCKER_CONFIG` are that person's.
 */
async function main(): Promise<void> {
    const { port } = await serveProvider(dockerDouble());
    // The engine reads the port from the first line.
    console.log(port);
}

void main();
