import { type LatestOutcome, moveLatest } from "../../core/build/latest";
import type { Registry } from "../../core/registry/model";
import type { Tier } from "../../core/release/addresses";
import type { Lock } from "../../core/release/lock";
import type { Repository } from "../git/repository";
import { inTurn } from "./turns";

/** {@link moveLatest}, one in a tier after the other: what the workflow's concurrency group sees to. */
export async function moveLatestInTurn(git: Repository, registry: Registry, tier: Tier, lock: Lock): Promise<LatestOutcome> {
    return inTurn(`latest ${tier.registry}/${tier.tier} ${lock.source.repository}`, () => moveLatest(git, registry, tier, lock));
}
