import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Problem } from "../../core/refusal";
import { cacheKey } from "./cacheKey";
import { goEnvironment, goObstacle, goOnThisMachine, requiredVersion } from "./goModule";
import { run } from "./run";
import type { Source } from "./source";

/** What {@link Definitions} are taken from. */
export interface DefinitionsArgs {
    /** Folder with go.mod and go.sum, which pin the module. */
    directory: string;
    /** Go module that comes with the definitions, `sigs.k8s.io/gateway-api`. */
    module: string;
    /** Folder in the module. All its YAML files are taken. */
    folder: string;
    /** Name of the file that they are put into. */
    file: string;
}

/** Kinds that no Kubernetes comes with: CustomResourceDefinitions out of a Go module, as one JSON list. Nothing is compiled. */
export class Definitions implements Source {
    readonly label = "Go module";
    readonly expectedMinutes = 0;
    readonly version: string;

    constructor(private readonly args: DefinitionsArgs) {
        this.version = requiredVersion(this.goMod(), args.module) ?? "local";
    }

    async cacheName(): Promise<string | undefined> {
        const go = await goOnThisMachine();
        if (!go) return undefined;
        const { directory, module, folder, file } = this.args;
        // Whatever Go and machine: the files are the same.
        const made = { directory, package: module, flags: [], keep: [folder], environment: {}, goVersion: "", platform: "" };
        return `${file}-${cacheKey(made)}`;
    }

    async unavailable(): Promise<Omit<Problem, "subject"> | undefined> {
        return goObstacle(this.goMod());
    }

    async make(folder: string, log: string): Promise<void> {
        const { directory, module, file } = this.args;
        const options = { cwd: directory, env: goEnvironment(), log };
        const answer = await run("go", ["mod", "download", "-json", `${module}@${this.version}`], options);
        const source = join((JSON.parse(answer) as { Dir: string }).Dir, this.args.folder);
        const files = readdirSync(source).filter((name) => name.endsWith(".yaml"));
        const definitions = files
            .sort()
            .flatMap((name) =>
                parseAllDocuments(readFileSync(join(source, name), "utf8")).map((document) => document.toJS() as unknown),
            );
        writeFileSync(join(folder, file), JSON.stringify(definitions.filter((definition) => definition !== null)));
    }

    private goMod(): string {
        return readFileSync(join(this.args.directory, "go.mod"), "utf8");
    }
}
