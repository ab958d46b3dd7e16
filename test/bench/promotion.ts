import { changeService } from "../../sandbox/git/monorepo";
import type { Delivery } from "../../sandbox/story/delivery";
import { succeeded } from "./benchWorld";

/**
 * Seconds that `pulumi up` of stage takes when one service changed: its image copied, its rollout awaited, the run
 * recorded. On the sandbox's clusters a rollout takes no time, so this is the cost of everything around it.
 */
export async function measurePromotions(
    delivery: Delivery,
    { rounds, progress }: { rounds: number; progress: (line: string) => void },
): Promise<number[]> {
    const taken: number[] = [];
    for (let number = 1; number <= rounds; number++) {
        const commit = await pushChange(delivery, `Change ${number} of the bench`);
        succeeded(await delivery.deployDev());
        const { seconds } = succeeded(await delivery.promote("stage", commit));
        progress(`Promotion ${number} of ${rounds}: ${seconds.toFixed(2)} s.`);
        taken.push(seconds);
    }
    return taken;
}

/** Pushes a change of one service's code. @returns the commit, whose images are built and which is `latest` then */
export async function pushChange(delivery: Delivery, what: string): Promise<string> {
    const { developer, world } = delivery;
    await changeService(developer.directory, world.catalog().services.checkoutservice, what);
    await developer.commit(what);
    const { commit } = await delivery.push();
    return commit;
}
