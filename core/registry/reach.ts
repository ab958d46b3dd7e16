/** Whether a host, with or without port, is this very machine: docker speaks plain http to those, and https to all others. */
export function isLoopback(host: string): boolean {
    return /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/.test(host);
}

/** Where a registry is reached: `http://127.0.0.1:5000`, `https://europe-west1-docker.pkg.dev`. */
export function originOf(host: string): string {
    return `${isLoopback(host) ? "http" : "https"}://${host}`;
}

/**
 * Where a `Location` or `Link` leads, seen from an address of the registry.
 * On the registry's own host the registry's own scheme holds: behind a proxy that ends TLS, registries name themselves with http.
 *
 * @throws Error where it leads off https
 */
export function followed(location: string, from: URL): URL {
    const address = new URL(location, from);
    if (address.host === from.host) {
        return new URL(`${address.pathname}${address.search}`, from);
    }
    if (address.protocol !== "https:" && !(address.protocol === "http:" && isLoopback(address.host) && isLoopback(from.host))) {
        throw new Error(`${from.host} leads to ${address.origin}: expected https`);
    }
    return address;
}
