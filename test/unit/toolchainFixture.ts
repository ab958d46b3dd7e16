import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GoModule } from "../../sandbox/toolchain/goModule";

/** Folders that are gone after the suite. */
export function temporaryFolders(): () => string {
    const folders: string[] = [];
    after(() => {
        for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });
    return () => {
        const folder = mkdtempSync(join(tmpdir(), "oneflow-toolchain-"));
        folders.push(folder);
        return folder;
    };
}

/** A Go module of one program without dependencies, as a source of `crane`. */
export function goModule(directory: string, program: string, go = "1.24"): GoModule {
    writeFileSync(join(directory, "go.mod"), `module example.test/crane\n\ngo ${go}\n`);
    writeFileSync(join(directory, "main.go"), program);
    return new GoModule({ directory, package: "example.test/crane", binary: "crane", expectedMinutes: 1 });
}

/** Puts a program into a folder that says one line whatever it is asked, and ends with an exit code. */
export function installProgram(folder: string, name: string, says: string, exitCode = 0): string {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho "${says}"\nexit ${exitCode}\n`);
    chmodSync(file, 0o755);
    return file;
}
