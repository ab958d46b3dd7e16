import { servicesWithSchema } from "../promotion/databaseSchemas";
import { decide } from "../promotion/decide";
import type { PromotionFacts, PromotionRequest } from "../promotion/model";
import { directionOf, propose, type Proposal } from "../promotion/proposal";
import { refs } from "../promotion/rules/rule";
import type { Registry } from "../registry/model";
import { databaseSchemaOf } from "../release/databaseSchemaStore";
import { newestRun } from "../release/runRecordStore";
import { readSignatures } from "../release/signatureStore";
import { readAlternatives } from "./alternatives";
import { type CheckoutGit, readCheckout, readHotfixes } from "./checkoutFacts";
import { noSets, readImages, readImagesBefore, readMigrated, readSets } from "./imageFacts";
import { readLocks, type ReadLocks, withReleasedLock } from "./lockFacts";
import { readStretches } from "./soakFacts";

/** What the registry does not know. */
export interface Moment {
    /** @default now */
    now?: Date;
    /** The checkout's git. @default - none: nothing is known of how commits stand to each other */
    commits?: CheckoutGit;
    /** The repository that the checkout is of, `owner/name`. @default - not known: nothing is asked of what a lock's commit is to it */
    repository?: string;
}

/**
 * Reads from the registry what the rules may ask for, and asks only about what would change. In requests to the registry:
 *
 * - what runs already: 6 (the lock 2, or of a release 7; the newest run record 4), however many services there are;
 * - a promotion that is allowed: 2 more for the set, and for each image that changes 2, or 4 where an older commit built it;
 * - a set that never ran in the environment before: 1 more for each image that changes;
 * - each service that declares a schema: 2, and each with a `migrate` whose image changes: 1;
 * - an environment that asks for a soak: 2 more while the set's run is of this month, and one for each month before;
 * - a release that changes something: 2 for the lock of its commit, or 4 where the environment before has none;
 * - an environment that takes signed releases: 2 for a release that changes something, or 3 where the registry lists no referrers;
 * - a refusal: up to 21 more, to say what could be asked for instead, and where that is a release up to 35.
 *
 * @throws Refusal where a document in the registry cannot be read
 */
export async function gatherFacts(
    registry: Registry,
    request: PromotionRequest,
    { now = new Date(), commits, repository }: Moment = {},
): Promise<PromotionFacts> {
    const [asked, current] = await Promise.all([readLocks(registry, request), newestRun(registry, request.environment)]);
    const locks = await withReleasedLock(registry, request, asked.locks, current);
    const proposal = propose(request, { locks, current });
    const complete = refs(request).every(({ ref }) => locks[ref]);
    const schemas = await readSchemas(registry, request, { locks, current });
    const sets = complete && proposal.transitions.length > 0 ? await readSets(registry, request, proposal) : noSets;
    const back = directionOf(proposal, { current, ...sets }) === "rollback";
    // What goes back is pulled from the own tier; the tier before need not even answer.
    const images = await readImages(registry, back ? { environment: request.environment } : request, proposal);
    const proved = back || sets.ranBefore.size > 0;
    const imagesRanBefore = proved ? new Set<string>() : await readImagesBefore(registry, request, proposal);
    const facts: PromotionFacts = {
        locks,
        current,
        ...sets,
        ...images,
        ...schemas,
        imagesRanHere: back ? new Set() : await readMigrated(registry, request, proposal),
        imagesRanBefore,
        stretchesBefore: back ? [] : await readStretches(registry, request, proposal, { ...sets, imagesRanBefore, now }),
        ...(back ? {} : await readSigners(registry, request, asked, proposal)),
        hotfixes: commits ? await readHotfixes(commits, request, locks) : {},
        ...(commits && repository !== undefined && { checkout: await readCheckout(commits, repository, request, locks, proposal) }),
        now: now.toISOString(),
        alternatives: [],
    };
    // Only the words of a refusal need to know what else could be asked for.
    return "plan" in decide(request, facts) ? facts : { ...facts, ...(await readAlternatives(registry, request, facts, now)) };
}

/** Who signed the release that is asked for, where the environment wants to know and it changes something. */
async function readSigners(
    registry: Registry,
    { environment, release, releases, signers = [] }: PromotionRequest,
    asked: ReadLocks,
    { transitions }: Proposal,
): Promise<Pick<PromotionFacts, "signatures">> {
    if (!environment.signed || !releases || release === undefined || asked.release === undefined || transitions.length === 0) {
        return {};
    }
    return { signatures: { [release]: await readSignatures(registry, releases, asked.release, signers) } };
}

/** Where the databases stand, of services that declare a schema, or whose version here does. */
async function readSchemas(
    registry: Registry,
    request: PromotionRequest,
    facts: Pick<PromotionFacts, "locks" | "current">,
): Promise<Pick<PromotionFacts, "schemas">> {
    const services = servicesWithSchema(request, facts);
    const read = async (service: string) => [service, await databaseSchemaOf(registry, request.environment, service)] as const;
    return services.length === 0 ? {} : { schemas: Object.fromEntries(await Promise.all(services.map(read))) };
}
