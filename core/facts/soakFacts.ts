import type { PromotionFacts, PromotionRequest, Stretch } from "../promotion/model";
import type { Proposal } from "../promotion/proposal";
import type { Registry } from "../registry/model";
import { firstRunOf, type ListedRun, listedRuns, pullRun } from "../release/runRecordStore";

/** When what would come in ran in the environment before, as far back as the soak has to be looked for. */
export async function readStretches(
    registry: Registry,
    { before, environment, pins }: PromotionRequest,
    { key, wholeKey, transitions }: Proposal,
    { ranBefore, imagesRanBefore, now }: Pick<PromotionFacts, "ranBefore" | "imagesRanBefore"> & { now: Date },
): Promise<Stretch[]> {
    const { soakSeconds } = environment;
    const asked = transitions.filter(({ image, to }) => imagesRanBefore.has(`${image}@${to}`));
    if (!before || soakSeconds === undefined || (ranBefore.size === 0 && (asked.length === 0 || Object.keys(pins).length === 0))) {
        return [];
    }
    const found: Stretch[] = [];
    const enough = ({ at, next }: ListedRun) => secondsBetween(at, next, now) >= soakSeconds;
    const stretch = (what: string, { at, next }: ListedRun) => ({ what, from: at, ...(next !== undefined && { to: next }) });
    if (ranBefore.size > 0) {
        for await (const run of listedRuns(registry, before)) {
            const ran = [...new Set([key, wholeKey])].filter((one) => one.startsWith(run.keyStart));
            found.push(...ran.map((one) => stretch(one, run)));
            if (ran.length > 0 && enough(run)) {
                break;
            }
        }
        return found;
    }
    const first = await Promise.all(asked.map(({ image, to }) => firstRunOf(registry, before, image, to!)));
    let open = asked.map(({ image, to }, index) => ({ image, to, since: first[index]?.at ?? "" }));
    for await (const run of listedRuns(registry, before)) {
        open = open.filter(({ since }) => since <= run.at);
        if (open.length === 0) {
            break;
        }
        const { images } = await pullRun(registry, run.address);
        const here = open.filter(({ image, to }) => Object.hasOwn(images, image) && images[image].digest === to);
        found.push(...here.map(({ image, to }) => stretch(`${image}@${to}`, run)));
        open = enough(run) ? open.filter((one) => !here.includes(one)) : open;
    }
    return found;
}

/** From one time to another, or to now. */
export function secondsBetween(from: string, to: string | undefined, now: Date): number {
    return ((to === undefined ? now.getTime() : Date.parse(to)) - Date.parse(from)) / 1000;
}
