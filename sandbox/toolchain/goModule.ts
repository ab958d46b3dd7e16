import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Problem } from "../../core/refusal";
import { cacheKey } from "./cacheKey";
import { run } from "./run";
import type { Source } from "./source";

/** What a {@link GoModule} is made from. */
export interface GoModuleArgs {
    /** Folder with go.mod and go.sum, which pin the program and everything under it. */
    directory: string;
    /** Import path of the program: the module's `tool`. */
    package: string;
    /** Name of the program's file. */
    binary: string;
    /** Variable that the program keeps its version in, as the linker's `-X` takes it. @default - the program says none */
    versionVariable?: string;
    /** Files of the program's module to keep beside it, by their paths in the module. @default - none */
    keep?: readonly string[];
    /** Minutes on two cores with nothing built before. */
    expectedMinutes: number;
}

/** A program built from its Go module, always the same from the same go.mod and go.sum. */
export class GoModule implements Source {
    readonly label = "Go module";
    readonly expectedMinutes: number;
    readonly version: string;
    private readonly flags: readonly string[];

    constructor(private readonly args: GoModuleArgs) {
        this.expectedMinutes = args.expectedMinutes;
        this.version = requiredVersion(this.goMod(), args.package) ?? "local";
        const stamp = args.versionVariable ? ` -X ${args.versionVariable}=${this.version}` : "";
        this.flags = ["-trimpath", `-ldflags=-s -w${stamp}`];
    }

    async cacheName(): Promise<string | undefined> {
        const go = await goOnThisMachine();
        if (!go) return undefined;
        const { directory, package: program, binary, keep } = this.args;
        const built = { directory, package: program, flags: this.flags, environment: buildEnvironment, keep };
        return `${binary}-${cacheKey({ ...built, goVersion: go.version, platform: go.platform })}`;
    }

    async unavailable(): Promise<Omit<Problem, "subject"> | undefined> {
        return goObstacle(this.goMod());
    }

    async make(folder: string, log: string): Promise<void> {
        const { directory, package: program, binary, keep = [] } = this.args;
        const options = { cwd: directory, env: goEnvironment(), log };
        await run("go", ["build", ...this.flags, "-o", join(folder, binary), program], options);
        if (keep.length === 0) return;
        const module = (await run("go", ["list", "-f", "{{.Module.Dir}}", program], options)).trim();
        // Written rather than copied: files of the module cache are read-only, and the copy's mode would be too.
        for (const file of keep) writeFileSync(join(folder, basename(file)), readFileSync(join(module, file)));
    }

    private goMod(): string {
        return readFileSync(join(this.args.directory, "go.mod"), "utf8");
    }
}

// A user's own Go settings (a workspace around the checkout, another platform, other flags) would build another program.
const buildEnvironment = {
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOWORK: "off",
    GO111MODULE: "on",
    CGO_ENABLED: "0",
    GOOS: "",
    GOARCH: "",
};

/** What Go commands are run with. */
export function goEnvironment(): NodeJS.ProcessEnv {
    return { ...process.env, ...buildEnvironment };
}

/** Why this machine's Go cannot work with a module. Nothing where it can. */
export async function goObstacle(goMod: string): Promise<Omit<Problem, "subject"> | undefined> {
    const go = await goOnThisMachine();
    const needed = /^go (\S+)$/m.exec(goMod)?.[1] ?? "1.24";
    const remedy = `install Go ${needed} or newer from https://go.dev/dl`;
    if (!go) return { message: `needs Go ${needed} or newer to be built from; there is no go on PATH`, remedy };
    if (isOlder(go.version.replace(/^go/, ""), needed)) {
        return { message: `needs Go ${needed} or newer to be built from; this is ${go.version}`, remedy };
    }
    return undefined;
}

/** Version of the module that holds a package: of all required modules, the longest whose path the package's begins with. */
export function requiredVersion(goMod: string, program: string): string | undefined {
    return [...goMod.matchAll(/^(?:require)?\s+(\S+) (v\S+)/gm)]
        .map(([, path, version]) => ({ path, version }))
        .filter(({ path }) => program === path || program.startsWith(`${path}/`))
        .sort((a, b) => b.path.length - a.path.length)[0]?.version;
}

/** Whether Go version `have`, such as `1.25`, is older than `needed`, such as `1.25.6`. */
export function isOlder(have: string, needed: string): boolean {
    const [a, b] = [have, needed].map((version) => version.split(/[.-]|rc|beta/).map((part) => Number.parseInt(part, 10) || 0));
    const first = [0, 1, 2].find((index) => (a[index] ?? 0) !== (b[index] ?? 0));
    return first !== undefined && (a[first] ?? 0) < (b[first] ?? 0);
}

let answer: Promise<{ version: string; platform: string } | undefined> | undefined;

/** Version and platform of the Go on PATH. Nothing where there is none that runs. */
export function goOnThisMachine() {
    return (answer ??= run("go", ["env", "GOVERSION", "GOOS", "GOARCH"], { env: goEnvironment() }).then(
        (output) => {
            const [version, system, architecture] = output.trim().split("\n");
            return { version, platform: `${system}/${architecture}` };
        },
        // No go on PATH, or one that does not run: this machine cannot build.
        () => undefined,
    ));
}
