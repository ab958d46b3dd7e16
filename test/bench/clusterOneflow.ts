import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../sandbox/kubernetes/clusterClient";
import type { Delivery } from "../../sandbox/story/delivery";
import { succeeded } from "./benchWorld";
import { takenBy } from "./engineWay";
import { type Installation, upQuietly } from "./programs";
import type { Step, Taken, Way } from "./way";

/** The `up` of dev as its deployer runs it: the registry asked, images tagged, rollouts awaited, the run recorded. */
export class Oneflow implements Way {
    readonly name = "oneflow";
    readonly namespace: string;

    constructor(
        private readonly delivery: Delivery,
        private readonly installation: Installation,
    ) {
        this.namespace = delivery.world.environment("dev").namespace;
    }

    /** Deploys what is `latest`. */
    async deploy(step: Step): Promise<Taken> {
        const commit = await this.delivery.checkOutLatest();
        return takenBy(step, await this.run(...upQuietly, ...commit));
    }

    async remove(): Promise<void> {
        await this.run("destroy", "--yes", "--skip-preview");
    }

    /** The Kubernetes objects that its state has, as it asked for them. */
    async objects(): Promise<Manifest[]> {
        const file = join(this.installation.root, "dev.json");
        await this.run("stack", "export", "--file", file);
        const { deployment } = JSON.parse(readFileSync(file, "utf8")) as {
            deployment: { resources: { type: string; inputs: Manifest }[] };
        };
        return deployment.resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
    }

    private async run(...args: string[]) {
        const { pulumi, variables } = this.installation;
        return succeeded(await pulumi.run([...args, "--stack", "dev"], this.delivery.world.layout.devJob, variables));
    }
}
