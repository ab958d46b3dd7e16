import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * So many different ports of 127.0.0.1 that nobody listens on, and that no other call in this process was given. For programs that
 * cannot be told to choose one and say which.
 *
 * @throws Error where there are not so many
 */
export async function freePorts(count: number): Promise<number[]> {
    const free: number[] = [];
    for (let tries = 0; free.length < count; tries++) {
        if (tries > 1000) throw new Error(`no ${count} ports of 127.0.0.1 from ${first} to ${end - 1} are free`);
        const port = randomInt(first, end);
        if (given.has(port)) continue;
        given.add(port);
        if (await isFree(port)) free.push(port);
    }
    return free;
}

async function isFree(port: number): Promise<boolean> {
    const server = createServer();
    try {
        await once(server.listen(port, "127.0.0.1"), "listening");
    } catch {
        return false;
    }
    await once(server.close(), "close");
    return true;
}

// Below the ports that Linux and macOS give to connections by themselves: seconds pass before the program listens on its own, and by
// then one of those may well be in use.
const first = 20_000;
const end = 32_000;
const given = new Set<number>();
