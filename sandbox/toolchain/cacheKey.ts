import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Everything that decides the bytes of a program built from a Go module. */
export interface BuildInputs {
    /** Folder with go.mod, go.sum and, where the program is our own, Go files. */
    directory: string;
    /** Import path of the program. */
    package: string;
    /** Arguments of `go build`. */
    flags: readonly string[];
    /** Files kept beside the program. @default - none */
    keep?: readonly string[];
    /** Environment variables that the build is given. */
    environment: Readonly<Record<string, string>>;
    /** As `go env GOVERSION` says it. */
    goVersion: string;
    /** `linux/amd64` */
    platform: string;
}

/** Equal inputs have equal keys, whatever folder they stand in. 16 hex digits. */
export function cacheKey({ directory, ...rest }: BuildInputs): string {
    const sources = readdirSync(directory)
        .filter((file) => file === "go.mod" || file === "go.sum" || file.endsWith(".go"))
        .sort()
        .map((file) => [file, readFileSync(join(directory, file), "utf8")]);
    const { package: program, flags, keep, environment, goVersion, platform } = rest;
    const inputs = [sources, program, flags, Object.entries(environment).sort(), goVersion, platform, ...(keep ? [keep] : [])];
    const text = JSON.stringify(inputs);
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
