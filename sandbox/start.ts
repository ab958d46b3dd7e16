import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { project, sandboxRoot, howToPlay } from "./cli";
import { kubernetesVersion } from "./kubernetes/servers";
import { Delivery } from "./story/delivery";
import { Narrator } from "./story/narrator";
import { board } from "./story/readback";
import { Story } from "./story/story";
import { toolDirectory } from "./toolchain/toolchain";
import { organisation } from "./world/names";
import { kubernetesChoices, type KubernetesChoice } from "./world/settings";
import { World } from "./world/world";

const usage = `npm start -- [--kubernetes ${kubernetesChoices.join("|")}] [--verbose]`;

/** `npm start`: the whole story on this machine, from an empty cloud, and a world to play in afterwards. */
export async function main(argv: readonly string[]): Promise<number> {
    const { values } = parseArgs({ args: [...argv], options });
    const kubernetes = kubernetesChoices.find((choice) => choice === values.kubernetes);
    if (!kubernetes) {
        console.error(`--kubernetes ${values.kubernetes} is none of ${kubernetesChoices.join(", ")}: ${usage}`);
        return 2;
    }
    const started = Date.now();
    const narrator = new Narrator();
    narrator.title("oneflow · one commit, one digest, every environment");
    narrator.plain(introductions[kubernetes]);
    await toolDirectory(["pulumi", "pulumi-language-nodejs"]);
    if (existsSync(sandboxRoot)) {
        narrator.plain("The sandbox of an earlier run is thrown away: the story begins with an empty cloud.");
    }
    const world = await World.create(sandboxRoot, project, { kubernetes });
    const delivery = new Delivery(world, project);
    if (values.verbose || process.env.ONEFLOW_DEBUG) {
        delivery.onOutput = (text) => process.stderr.write(text);
    }
    await new Story(delivery, narrator).tell();

    narrator.title("What runs now, by what the pods pulled (= the same digest as one column to the left)");
    narrator.plain(`\n${(await board(world)).replace(/^/gm, "  ")}\n`);
    narrator.plain(
        `${organisation.environments.length} environments, ${Math.round((Date.now() - started) / 1000)} s. ${howToPlay(world)}`,
    );
    return 0;
}

const options = { kubernetes: { type: "string", default: "double" }, verbose: { type: "boolean", default: false } } as const;

/** What of the world is played, said before anything is. */
const introductions: Readonly<Record<KubernetesChoice, string>> = {
    double: "Online Boutique, eleven services and redis, on doubles of Google Cloud, GitHub and Kubernetes on this machine.",
    real: [
        "Online Boutique, eleven services and redis, on doubles of Google Cloud and GitHub on this machine.",
        `Kubernetes is real, ${kubernetesVersion}: etcd, API server, controllers and scheduler for each cluster, 0.5 GB of memory each.`,
        "Its nodes are not: they pull every image and run none.",
    ].join("\n"),
};
