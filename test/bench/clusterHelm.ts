import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../sandbox/kubernetes/clusterClient";
import { CommandLine } from "./commandLine";
import type { Installation } from "./programs";
import type { Step, Taken, Way } from "./way";

/** `helm install --wait` and `helm upgrade --wait` of a chart whose templates are the objects. */
export class Helm implements Way {
    readonly name = "helm";
    private readonly commands: CommandLine;
    private readonly chart: string;

    constructor(
        readonly namespace: string,
        { program, context, installation }: { program: string; context: string; installation: Installation },
    ) {
        this.commands = new CommandLine(program, ["--kube-context", context, "--namespace", namespace], installation);
        this.chart = join(installation.root, "chart");
    }

    async deploy(step: Step, objects: readonly Manifest[]): Promise<Taken> {
        mkdirSync(join(this.chart, "templates"), { recursive: true });
        writeFileSync(join(this.chart, "Chart.yaml"), JSON.stringify({ apiVersion: "v2", name: "shop", version: "1.0.0" }));
        const documents = objects.map((object) => JSON.stringify(object).replaceAll("{{", '{{ "{{" }}'));
        writeFileSync(join(this.chart, "templates", "shop.yaml"), documents.join("\n---\n"));
        return { wall: await this.commands.run(step === "create" ? "install" : "upgrade", "shop", this.chart, "--wait") };
    }

    async remove(): Promise<void> {
        await this.commands.run("uninstall", "shop", "--wait", "--cascade=foreground");
    }
}
