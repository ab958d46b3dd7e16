import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../core/refusal";
import { CommandFailed, run } from "./run";
import { findOnPath } from "./searchPath";
import type { Source } from "./source";

/** A program out of a Debian package, unpacked but not installed: that needs no root and starts no daemon. */
export class DebianPackage implements Source {
    readonly label = "Debian package";
    readonly expectedMinutes = 0;

    constructor(
        /** Name of the package and of the program in its `usr/bin`. */
        private readonly name: string,
    ) {}

    async cacheName(): Promise<string> {
        return `${this.name}-debian-${process.arch}`;
    }

    async unavailable(): Promise<Omit<Problem, "subject"> | undefined> {
        const missing = ["apt-get", "dpkg-deb"].filter((program) => !findOnPath(program, process.env.PATH));
        return missing.length === 0 ? undefined : { message: `this is not Debian: no ${missing.join(" and no ")} on PATH` };
    }

    async make(folder: string, log: string): Promise<void> {
        const download = () => run("apt-get", ["download", this.name], { cwd: folder, log });
        await download().catch(async (error) => {
            if (!(error instanceof CommandFailed) || process.getuid?.() !== 0) throw error;
            // A fresh container has no package lists; only root may fetch them.
            await run("apt-get", ["update"], { log });
            await download();
        });
        const [file] = readdirSync(folder).filter((entry) => entry.endsWith(".deb"));
        await run("dpkg-deb", ["-x", file, "unpacked"], { cwd: folder, log });
        const program = join(folder, this.name);
        renameSync(join(folder, "unpacked", "usr", "bin", this.name), program);
        rmSync(join(folder, "unpacked"), { recursive: true });
        rmSync(join(folder, file));
        await run(program, ["--version"], { log });
    }
}
