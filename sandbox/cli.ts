import { join } from "node:path";
import { Refusal } from "../core/refusal";
import { kubernetesVersion } from "./kubernetes/servers";
import { board } from "./story/readback";
import { readDaemon, isRunning } from "./world/daemonState";
import { layout } from "./world/layout";
import { hasWorld, World } from "./world/world";

/** This project's folder, and the sandbox that `npm start` leaves in it. */
export const project = join(__dirname, "..");
export const sandboxRoot = join(project, ".sandbox");

/** `oneflow sandbox up|down|status`: the world on loopback that `npm start` leaves behind. */
export async function main(argv: readonly string[]): Promise<number> {
    const [command, ...more] = argv;
    const run = more.length === 0 && command !== undefined && Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (!run) {
        const message = `${JSON.stringify(argv.join(" "))} is none of: ${Object.keys(commands).join(", ")}`;
        throw new Refusal("Nothing was done", [{ subject: "oneflow sandbox", message, remedy: "oneflow sandbox status" }]);
    }
    await run();
    return 0;
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
    async up() {
        requireWorld();
        const world = await World.open(sandboxRoot);
        console.log(`The sandbox runs as process ${world.daemon.pid}.\n\n${howToPlay(world)}`);
    },
    async down() {
        const stopped = await World.stop(sandboxRoot);
        console.log(stopped ? "The sandbox has stopped; what it held is kept: oneflow sandbox up" : "No sandbox was running.");
    },
    async status() {
        requireWorld();
        const where = layout(sandboxRoot);
        const daemon = readDaemon(where);
        if (!daemon || !isRunning(daemon, where)) {
            console.log("The sandbox is stopped.\n→ oneflow sandbox up");
            return;
        }
        const world = await World.open(sandboxRoot);
        console.log(`The sandbox runs as process ${daemon.pid} since ${daemon.startedAt}.`);
        if (world.settings.kubernetes === "real") console.log(describeControlPlanes(world));
        console.log(`registry ${daemon.registry} · upstream ${daemon.upstream}\n\n${await board(world)}`);
    },
};

function describeControlPlanes({ cloud }: World): string {
    const addresses = cloud.clusters().map(({ key, controlPlane }) => `  ${key}  ${controlPlane?.address ?? "has none"}`);
    return [`Kubernetes ${kubernetesVersion} behind each cluster; its nodes run nothing:`, ...addresses].join("\n");
}

/** What somebody can do in the world that the story left. */
export function howToPlay(world: World): string {
    const { operations } = world.layout;
    const { namespace } = world.environment("prod");
    const kubectl = `  kubectl get pods --namespace ${namespace}   # your own kubectl, as prod's deployer`;
    return [
        "Play on as the release manager of prod:",
        `  cd ${operations}`,
        '  eval "$(npx oneflow env prod)"',
        "  pulumi preview -s prod",
        "  pulumi config set commit <sha> -s prod && pulumi up -s prod",
        ...(world.settings.kubernetes === "real" ? [kubectl] : []),
        "Another stack is another shell: its own state, cluster and credentials.",
        "In this checkout: npx oneflow sandbox status, npx oneflow sandbox down",
    ].join("\n");
}

function requireWorld(): void {
    if (!hasWorld(sandboxRoot)) {
        throw new Refusal("Nothing was done", [{ subject: "sandbox", message: "there is none yet", remedy: "npm start" }]);
    }
}
