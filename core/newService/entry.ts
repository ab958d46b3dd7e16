import type { Problem } from "../refusal";

/** What is asked for. */
export interface NewService {
    name: string;
    /** Folder of the build context. @default src/<name> */
    source?: string;
    /** `owner/name` on GitHub. @default the catalog's `defaults.repository` */
    repository?: string;
    /** Path of the Dockerfile in the folder. @default Dockerfile */
    dockerfile?: string;
    /** service, worker, cron or stateful. @default service */
    kind?: string;
    /** @default what the Dockerfile exposes, else 8080; none for a worker and a cron */
    port?: number;
    /** grpc, tcp or /path. @default tcp; none for a worker and a cron */
    health?: string;
    /** Of a cron. */
    schedule?: string;
    /** Services that it calls. */
    calls?: readonly string[];
    /** `NAME=value` */
    env?: readonly string[];
}

/** What is known beside the request. */
export interface Surroundings {
    /** The catalog's `defaults`. */
    defaults: { repository?: string; resources?: unknown };
    /** Port that the Dockerfile exposes. Absent: none, or several, or it cannot be read. */
    exposed?: number;
}

/** What goes into `services.yaml` for it: what the catalog would take anyway is left out. What does not fit, validation finds. */
export function newEntry(request: NewService, { defaults, exposed }: Surroundings): Record<string, unknown> {
    const { kind = "service", schedule, calls = [], env = [] } = request;
    const serves = kind !== "worker" && kind !== "cron";
    return {
        source: sourceOf(request, defaults.repository),
        ...(kind !== "service" && { kind }),
        ...(serves || request.port !== undefined ? { port: request.port ?? exposed ?? 8080 } : {}),
        ...(serves || request.health !== undefined ? { health: request.health ?? "tcp" } : {}),
        ...(schedule !== undefined && { schedule }),
        ...(env.length > 0 && { env: Object.fromEntries(env.map(variable)) }),
        ...(calls.length > 0 && { calls: [...calls] }),
        ...(defaults.resources === undefined && { resources: { cpu: "100m", memory: "64Mi" } }),
    };
}

/** The folder that a service is built from, unless the request says another. */
export function sourceFolder({ name, source }: Pick<NewService, "name" | "source">): string {
    return source ?? `src/${name}`;
}

/** What is wrong with the request before any catalog is read. */
export function requestProblems({ env = [] }: NewService): Problem[] {
    return env
        .filter((pair) => !/^[^=]+=/.test(pair))
        .map((pair) => ({ subject: `--env ${pair}`, message: "expected a name, = and a text", remedy: "--env MODE=fast" }));
}

/** The port that a Dockerfile exposes, where it is one. */
export function exposedPort(dockerfile: string): number | undefined {
    const ports = [...dockerfile.matchAll(/^\s*EXPOSE\s+(.+?)\s*$/gim)].flatMap(([, words]) => words.split(/\s+/));
    const numbers = new Set(ports.map((port) => Number(/^(\d{1,5})(?:\/tcp)?$/i.exec(port)?.[1])));
    const [only] = numbers;
    return numbers.size === 1 && only >= 1 && only <= 65535 ? only : undefined;
}

function sourceOf(request: NewService, usual: string | undefined): unknown {
    const { repository, dockerfile } = request;
    const path = sourceFolder(request);
    const other = repository !== undefined && repository.toLowerCase() !== usual?.toLowerCase() ? { repository } : {};
    const named = dockerfile !== undefined && dockerfile !== "Dockerfile" ? { dockerfile } : {};
    const more = { ...other, ...named };
    return Object.keys(more).length === 0 ? path : { ...other, path, ...named };
}

function variable(pair: string): [string, string] {
    const sign = pair.indexOf("=");
    return [pair.slice(0, sign), pair.slice(sign + 1)];
}
