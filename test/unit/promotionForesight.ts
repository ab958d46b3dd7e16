import { canonicalJson, serviceOf } from "../../core/release/lock";
import { isFrozen, nextChange, wallText } from "./promotionCalendar";
import type { Commit } from "./promotionChronicle";
import { movedImage, movedRelease, placesOf } from "./promotionIntegrity";
import { soakedOnce, stretches, tooShort } from "./promotionStretches";
import { isSha, listed, ranImage, servicesOf, short, type View } from "./promotionView";

/** A reason why an attempt must be refused. */
export interface Reason {
    /** What the refusal calls it by. */
    subject: string;
    /** What its words tell, among others: the facts, and what to do about it. */
    says?: readonly string[];
    /** What its words must not tell. */
    never?: readonly string[];
}

/** Rule → every reason that there is for it: a second statement of what docs/promotion.md says, from what really is. */
export const reasons: Readonly<Record<string, (view: View) => Reason[]>> = {
    refForm: ({ refs }) =>
        refs
            .filter(({ ref, pinned }) => !isSha(ref) && !(pinned === undefined && /^v\d/.test(ref)))
            .map(({ ref, pinned }) => ({
                subject: pinnedSubject(pinned),
                says: [`"${ref}" is not a full commit SHA`, pinned === undefined ? "config set commit" : `--path 'pins.${pinned}'`],
            })),

    pinnedServices: ({ past, pins, lockOf }) =>
        Object.entries(pins)
            .filter(
                ([service, ref]) => !past.catalog.includes(service) || (lockOf(ref) && !servicesOf(lockOf(ref)).includes(service)),
            )
            .map(([service]) => ({ subject: `pins.${service}` })),

    locksExist: (view) =>
        view.refs
            .filter(({ ref, pinned }) => !view.lockOf(ref) && (isSha(ref) || (pinned === undefined && ref === view.release)))
            .map(({ ref, pinned }) => (isSha(ref) ? withoutLock(view, ref, pinned) : withoutRelease(view, ref))),

    lockTotal: ({ refs, lockOf }) =>
        refs.flatMap(({ ref, pinned }) => {
            const { images = {}, locked = {} } = lockOf(ref) ?? {};
            const missing = Object.keys(images).filter((name) => !locked[name]);
            const surplus = Object.keys(locked).filter((name) => !images[name]);
            const [lacks, has] = [`It lacks ${missing.join(", ")}.`, `It has ${surplus.join(", ")}, which`];
            return missing.length + surplus.length === 0
                ? []
                : [
                      {
                          subject: pinned ?? "commit",
                          says: [short(ref), missing.length > 0 ? lacks : has],
                          never: missing.length > 0 ? ["It has"] : ["It lacks"],
                      },
                  ];
        }),

    wholeServices: ({ lacking }) =>
        [...new Set(lacking.map(serviceOf))].map((service) => ({
            subject: service,
            says: [`needs ${lacking.filter((image) => serviceOf(image) === service).join(", ")} by`],
        })),

    imagesExist: (view) =>
        view.coming
            .filter(({ image, to }) => !placesOf(view, image).some((place) => view.registry.meaning(`${place}/${image}@${to}`)))
            .map(({ image }) => ({ subject: image, says: [short(view.refOf(image))] })),

    movedTag: (view) => [...movedRelease(view), ...view.coming.flatMap(({ image, to }) => movedImage(view, image, to))],

    schema: () => [],

    accepts: (view) => {
        const { past, to, changes, direction, refs, release } = view;
        return !past.house.releases.includes(to) || changes.length === 0 || direction === "rollback"
            ? []
            : refs
                  .filter(({ ref, pinned }) => !isHotfix(view, ref) && (pinned !== undefined || release === undefined))
                  .map(({ ref, pinned }) => ({
                      subject: pinnedSubject(pinned),
                      says: [isSha(ref) ? short(ref) : ref, pinned === undefined ? "is a commit" : "a hotfix may be pinned"],
                  }));
    },

    "settings-differ": (view) => {
        const found = differences(view);
        return [...new Set(found.map(({ ref }) => ref))]
            .filter((ref) => brings(view) && !mergedHere(view, ref))
            .map((ref) => ({
                subject: "services.yaml",
                says: [
                    short(ref),
                    ...(ref === view.release ? [`, of ${short(view.lockOf(ref)!.sha)}`] : []),
                    view.past.house.shallow ? "is shallow" : "does not contain",
                    view.past.house.shallow ? "--unshallow" : view.lockOf(ref)!.hotfix ? "# the hotfix first" : "# develop first",
                    ...found.filter((one) => one.ref === ref).map(({ service, key }) => `${service}: ${key} is`),
                ],
                never: [
                    ...(ref === view.release ? [] : [", of"]),
                    ...found.filter((one) => one.ref !== ref).map(({ service, key }) => `${service}: ${key} is`),
                ],
            }));
    },

    order: (view) => {
        const { before, pins, to } = view;
        if (!before || !brings(view) || ranBefore(view) || inNeed(view).length === 0) {
            return [];
        }
        const unproven = inNeed(view).filter((one) => !ranImage(view, before, one.image, one.to));
        const images = unproven.map(({ image }) => image);
        if (Object.keys(pins).length === 0) {
            const each = "Each image did, but never all of them together";
            return [
                {
                    subject: "commit",
                    says: [images.length === 0 ? each : `Never ran there: ${listed(images)}.`, `# then ${to} again`],
                },
            ];
        }
        return [...new Set(images.map((image) => (view.planned[image].pinned ? serviceOf(image) : undefined)))].map((service) => {
            const own = images.filter((image) => (view.planned[image].pinned ? serviceOf(image) : undefined) === service);
            return {
                subject: pinnedSubject(service),
                says: [`${listed(own)} of ${short(view.refOf(own[0]))} never ran healthy in ${before}.`],
            };
        });
    },

    hotfix: (view) =>
        !brings(view) || ranBefore(view)
            ? []
            : view.refs
                  .filter(({ ref }) => isHotfix(view, ref) && view.coming.some(({ image }) => view.refOf(image) === ref))
                  .flatMap(({ ref, pinned }) => {
                      const fault = faultOfHotfix(view, view.lockOf(ref)!);
                      return fault ? [{ subject: pinnedSubject(pinned), says: [short(ref), ...fault] }] : [];
                  }),

    soak: (view) => {
        const { past, before, pins, set, whole } = view;
        if (!before || past.house.soakMinutes === 0 || !brings(view)) {
            return [];
        }
        if (ranBefore(view)) {
            const ran = stretches(view, (run) => [set, whole].some((one) => canonicalJson(one) === canonicalJson(run)));
            return soakedOnce(view, ran) ? [] : [{ subject: "soak", says: tooShort(view, ran, undefined) }];
        }
        const short = inNeed(view)
            .filter(({ image, to }) => Object.keys(pins).length > 0 && ranImage(view, before, image, to))
            .map(({ image, to }) => ({ image, ran: stretches(view, (run) => run[image] === to) }))
            .filter(({ ran }) => !soakedOnce(view, ran));
        return [...new Set(short.map(({ image }) => serviceOf(image)))].map((service) => ({
            subject: `soak of ${service}`,
            says: tooShort(view, short.find(({ image }) => serviceOf(image) === service)!.ran, service),
        }));
    },

    freeze: ({ past, to, direction, changes }) => {
        const { frozen } = past.house;
        const now = past.seconds * 1000;
        if (frozen?.environment !== to || changes.length === 0 || direction === "rollback" || !isFrozen(frozen.windows, now)) {
            return [];
        }
        const end = nextChange(frozen.windows, now);
        const [{ timezone }] = frozen.windows;
        const until = end === undefined ? "without an end" : `until ${wallText(end, timezone)} ${timezone}.`;
        return [{ subject: "freeze", says: [`${to} is frozen ${until}`] }];
    },

    overrides: ({ override }) => [
        ...(override?.rules ?? [])
            .filter((name) => !answerable.includes(name))
            .map((name) => ({ subject: "override", says: [name === "weather" ? `"weather" is no rule` : `${name} cannot be`] })),
        ...(override?.reason.trim() === "" ? [{ subject: "override", says: ["takes a reason"] }] : []),
    ],
};

/** What somebody may take upon themselves. */
export const answerable: readonly string[] = ["accepts", "settings-differ", "order", "hotfix", "soak", "freeze", "schema"];

/** A service whose image comes in, and a key that reads otherwise here than where the image was built. */
export function differences(view: View): { service: string; key: string; ref: string }[] {
    const { past, coming, before, refOf, lockOf } = view;
    const services = before ? [...new Set(coming.map(({ image }) => serviceOf(image)))] : [];
    return services.flatMap((service) => {
        const built = lockOf(refOf(service))!;
        const beside = (names: readonly string[]) => names.filter((name) => name.startsWith(`${service}/`)).join();
        const scale = ({ replicas }: Pick<Commit, "replicas">) => replicas[service] ?? 1;
        const keys = [
            ...(beside(past.catalog) === beside(Object.keys(built.images)) ? [] : ["init"]),
            ...(scale(past) === scale(built) ? [] : ["replicas"]),
        ];
        return keys.map((key) => ({ service, key, ref: refOf(service) }));
    });
}

export function brings({ coming, direction }: View): boolean {
    return coming.length > 0 && direction !== "rollback";
}

export function isHotfix({ to, lockOf }: View, ref: string): boolean {
    return to === "stage" && lockOf(ref)?.hotfix !== undefined;
}

function pinnedSubject(pinned: string | undefined): string {
    return pinned === undefined ? "commit" : `pins.${pinned}`;
}

function ranBefore({ ranBefore: { set, whole } }: View): boolean {
    return set || whole;
}

/** What comes in and is no hotfix. */
function inNeed(view: View): View["coming"] {
    return view.coming.filter(({ image }) => !isHotfix(view, view.refOf(image)));
}

function withoutLock({ to, before }: View, ref: string, pinned: string | undefined): Reason {
    const skipped = before === "stage";
    const path = pinned === undefined ? `config set commit ${ref} -s stage` : `--path 'pins.${pinned}' ${ref} -s stage`;
    const says = skipped ? ["It never came to stage", path, "# then prod again"] : ["Its build failed"];
    return {
        subject: pinned ?? "commit",
        says: [`${short(ref)} has no lock`, ...says],
        never: [
            ...(skipped ? [] : ["# then"]),
            ...(pinned === undefined ? [`config rm`] : [`config set commit`]),
            `-s ${to} && -s`,
        ],
    };
}

function withoutRelease({ past }: View, release: string): Reason {
    const newest = "Newest releases there: v";
    const there = past.releases.size > 0;
    return {
        subject: "commit",
        says: [`${release} is no release in deploy`, `oneflow release ${release}`, ...(there ? [newest] : [])],
        never: there ? [] : ["Newest releases there"],
    };
}

function mergedHere({ past, lockOf }: View, ref: string): boolean {
    const { sha } = lockOf(ref)!;
    return past.house.shallow ? sha === past.head() : past.ancestry(past.head()).includes(sha);
}

/** What is wrong with a hotfix, in words of the refusal. */
function faultOfHotfix({ past, to }: View, { sha, hotfix }: Commit): string[] | undefined {
    const release = hotfix?.release;
    if (!past.house.hotfixes) {
        return [`${to} takes none directly`, "environment.hotfixes true"];
    }
    if (release === undefined) {
        return ["names no release"];
    }
    if (past.house.shallow) {
        return ["cannot tell whether it stands on", "git fetch"];
    }
    return past.ancestry(sha).includes(past.tagged.get(release)!) ? undefined : ["does not stand on", "git switch"];
}
