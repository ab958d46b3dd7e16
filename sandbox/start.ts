import { existsSync } from "node:fs";
import { project, sandboxRoot, howToPlay } from "./cli";
import { Delivery } from "./story/delivery";
import { Narrator } from "./story/narrator";
import { board } from "./story/readback";
import { Story } from "./story/story";
import { toolDirectory } from "./toolchain/toolchain";
import { organisation } from "./world/names";
import { World } from "./world/world";

/** `npm start`: the whole story on this machine, from an empty cloud, and a world to play in afterwards. */
export async function main(argv: readonly string[]): Promise<number> {
    const started = Date.now();
    const narrator = new Narrator();
    narrator.title("oneflow · one commit, one digest, every environment");
    narrator.plain(
        "Online Boutique, eleven services and redis, on doubles of Google Cloud, GitHub and Kubernetes on this machine.",
    );
    await toolDirectory(["pulumi", "pulumi-language-nodejs"]);
    if (existsSync(sandboxRoot)) {
        narrator.plain("The sandbox of an earlier run is thrown away: the story begins with an empty cloud.");
    }
    const world = await World.create(sandboxRoot, project);
    const delivery = new Delivery(world, project);
    if (argv.includes("--verbose") || process.env.ONEFLOW_DEBUG) {
        delivery.onOutput = (text) => process.stderr.write(text);
    }
    await new Story(delivery, narrator).tell();

    narrator.title("What runs now, by what the pods pulled (= the same digest as one column to the left)");
    narrator.plain(`\n${board(world).replace(/^/gm, "  ")}\n`);
    narrator.plain(
        `${organisation.environments.length} environments, ${Math.round((Date.now() - started) / 1000)} s. ${howToPlay(world)}`,
    );
    return 0;
}
