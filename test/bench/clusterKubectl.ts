import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../sandbox/kubernetes/clusterClient";
import { CommandLine } from "./commandLine";
import type { Installation } from "./programs";
import { deployments, type Deployment, type Step, type Taken, type Way } from "./way";

/** `kubectl apply`, or `set image` of what has another one, and `rollout status` of all workloads. */
export class Kubectl implements Way {
    readonly name = "kubectl";
    private readonly commands: CommandLine;
    private readonly file: string;
    private before: readonly Deployment[] = [];

    constructor(
        readonly namespace: string,
        { program, context, installation }: { program: string; context: string; installation: Installation },
    ) {
        this.commands = new CommandLine(program, ["--context", context, "--namespace", namespace], installation);
        this.file = join(installation.root, "kubectl.json");
    }

    async deploy(step: Step, objects: readonly Manifest[]): Promise<Taken> {
        writeFileSync(this.file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
        const wanted = deployments(objects);
        const changed = step === "change" ? wanted.filter((one) => !this.before.some((other) => sameImages(one, other))) : [];
        this.before = wanted;
        const written =
            step === "change" ? await this.setImages(changed) : await this.commands.run("apply", "--filename", this.file);
        const names = (step === "change" ? changed : wanted).map(({ metadata }) => `deployment/${metadata.name}`);
        return { wall: written + (await this.commands.run("rollout", "status", ...names)) };
    }

    async remove(): Promise<void> {
        await this.commands.run("delete", "--filename", this.file, "--wait", "--cascade=foreground");
    }

    private async setImages(changed: readonly Deployment[]): Promise<number> {
        let seconds = 0;
        for (const { metadata, spec } of changed) {
            const images = spec.template.spec.containers.map(({ name, image }) => `${name}=${image}`);
            seconds += await this.commands.run("set", "image", `deployment/${metadata.name}`, ...images);
        }
        return seconds;
    }
}

function sameImages(one: Deployment, other: Deployment): boolean {
    const images = ({ metadata, spec }: Deployment) =>
        [metadata.name, ...spec.template.spec.containers.map(({ image }) => image)].join();
    return images(one) === images(other);
}
