import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../sandbox/kubernetes/clusterClient";
import { takenBy } from "./engineWay";
import { emptyProgram, install, type Installation, type InstalledProgram, upQuietly } from "./programs";
import type { Step, Taken, Way } from "./way";

/** A Pulumi program of a team that has its manifests as JSON, and nothing of oneflow: no registry is asked, no run recorded. */
export class PlainProgram implements Way {
    readonly name = "plain";

    private constructor(
        readonly namespace: string,
        private readonly program: InstalledProgram,
    ) {}

    /** @param context of the cluster in kubeconfig */
    static async install(namespace: string, context: string, installation: Installation): Promise<PlainProgram> {
        const { tsconfig } = emptyProgram;
        return new PlainProgram(namespace, await install({ name: "plain", index: index(context), tsconfig }, installation));
    }

    async deploy(step: Step, objects: readonly Manifest[]): Promise<Taken> {
        writeFileSync(join(this.program.checkout, "objects.json"), JSON.stringify(objects));
        return takenBy(step, await this.program.run(...upQuietly));
    }

    async remove(): Promise<void> {
        await this.program.run("destroy", "--yes", "--skip-preview");
    }
}

/** Kinds that the program makes, each with its class. */
const classes = {
    ServiceAccount: "core.v1.ServiceAccount",
    Service: "core.v1.Service",
    ConfigMap: "core.v1.ConfigMap",
    Deployment: "apps.v1.Deployment",
    NetworkPolicy: "networking.v1.NetworkPolicy",
    PodDisruptionBudget: "policy.v1.PodDisruptionBudget",
    HorizontalPodAutoscaler: "autoscaling.v2.HorizontalPodAutoscaler",
};

function index(context: string): string {
    const entries = Object.entries(classes).map(([kind, type]) => `    ${kind}: k8s.${type},`);
    return `import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

const kinds: Record<string, new (name: string, object: any, options: object) => pulumi.Resource> = {
${entries.join("\n")}
};

const provider = new k8s.Provider("cluster", { context: ${JSON.stringify(context)} });
const accounts: Record<string, pulumi.Resource> = {};
for (const object of JSON.parse(readFileSync("objects.json", "utf8"))) {
    // The API server takes no pod before its account is there.
    const account = accounts[object.spec?.template?.spec?.serviceAccountName];
    const options = { provider, dependsOn: account ? [account] : [] };
    const resource = new kinds[object.kind](\`\${object.kind}-\${object.metadata.name}\`, object, options);
    if (object.kind === "ServiceAccount") accounts[object.metadata.name] = resource;
}
`;
}
