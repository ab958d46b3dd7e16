import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinnedImage } from "../../core/release/addresses";
import type { Digest } from "../../core/registry/reference";
import { readSettings } from "../../core/settings/load";
import type { Environment } from "../../core/settings/model";
import { auditor, deployer, email } from "../../core/workflows/identities";
import { type ControlPlane, startControlPlane } from "../../sandbox/kubernetes/controlPlane";
import { crashing, failing, neverReady, unpullable } from "../../sandbox/kubernetes/stages";

/** The settings of this checkout. */
export const settings = readSettings({ directory: join(__dirname, "..", ".."), stack: "dev" });

/** User names of who works on an environment, as GKE knows them. */
export function usersOf(environment: Environment) {
    return { deployer: email(deployer(environment)), auditor: email(auditor({ project: "acme-delivery" })) };
}

export function environmentOf(name: string): Environment {
    return settings.environments.find((environment) => environment.name === name)!;
}

/** A digest that no image but the tests' has. */
export function digest(digit: string): Digest {
    return `sha256:${digit.repeat(64)}` as Digest;
}

/** In stage, containers of the image of checkoutservice with this digest crash. */
export const crashingDigest = digest("c");

/** What images do whose pods do not simply run: for pods that are of no environment. */
export const faultyImages = {
    crashing: "images.example/crashing:1",
    unpullable: "images.example/unpullable:1",
    neverReady: "images.example/never-ready:1",
    failing: "images.example/failing:1",
};

/** The control plane that all files of the suite share. Started at the first call, ended after the last test. */
export function sharedCluster(): Promise<ControlPlane> {
    return (shared ??= start());
}

let shared: Promise<ControlPlane> | undefined;
let started: ControlPlane | undefined;
const directory = mkdtempSync(join(tmpdir(), "oneflow-cluster-"));

after(async function () {
    this.timeout(60_000);
    await started?.stop();
    rmSync(directory, { recursive: true });
});

async function start(): Promise<ControlPlane> {
    const users = settings.environments.flatMap((environment) => Object.values(usersOf(environment)));
    const crash = crashing(pinnedImage(environmentOf("stage"), "checkoutservice", crashingDigest));
    started = await startControlPlane({
        directory,
        users: Object.fromEntries(users.map((user) => [user, []])),
        stages: [
            crash,
            crashing(faultyImages.crashing),
            unpullable(faultyImages.unpullable),
            neverReady(faultyImages.neverReady),
            failing(faultyImages.failing, 'relation "orders" does not exist'),
        ],
    });
    return started;
}
