import type { Plan } from "../promotion/model";
import { askedRef, list, requestCommands, shortCommit } from "../promotion/words";
import { parseUnion } from "../release/union";
import type { Environment, Settings } from "../settings/model";
import { stackFile } from "../settings/stackFile";
import { withRequest } from "../settings/stackText";
import { type Proposed, shortRef, textHash } from "./proposed";

/** What a failed rollout goes back to, or why it does not. */
export type WayBack = { to: NonNullable<Plan["current"]> & Pick<Environment, "catalogOf"> } | { none: string };

/** The last healthy set, unless that is what just failed: then something else than an image broke, and no image mends it. */
export function wayBack({ environment: { name }, current, key, local }: Plan): WayBack {
    if (local) {
        return { none: `${list(local)} came from the working copy, and no record says what ran before: take build: local out.` };
    }
    if (!current) {
        return { none: `No run of ${name} was healthy before, so there is nothing to go back to.` };
    }
    if (current.set === key) {
        const files = `services.yaml or ${stackFile(name)}`;
        return { none: `The images are those that ran healthy at ${current.at}: what fails came with ${files}. Take that back.` };
    }
    return { to: current };
}

/**
 * The pull request that takes the environment's file back to what was healthy. Nothing where the file does not name what failed: an
 * environment that follows `latest` goes on from a commit of develop.
 *
 * @param text the environment's file as it was deployed
 * @param log where the run's log is. @default - nobody can look it up
 */
export function revertProposal(
    { project }: Pick<Settings, "project">,
    { environment, request }: Plan,
    { request: healthy, at, catalogOf }: NonNullable<Plan["current"]> & Pick<Environment, "catalogOf">,
    text: string,
    log?: string,
): Proposed | undefined {
    const { name, commit } = environment;
    if (commit === "latest") {
        return undefined;
    }
    const failed = askedRef(request);
    const pins = same(healthy.pins, environment.pins) ? undefined : healthy.pins;
    return {
        branch: `revert/${name}/${shortRef(failed)}`,
        title: `Take ${name} back from ${shortRef(failed)}`,
        body: [
            `The rollout of ${shortCommit(failed)} to ${name} failed. ${name} runs ${shortCommit(askedRef(healthy))} again, which was healthy at ${at}.`,
            ...(catalogOf === undefined
                ? []
                : [
                      `services.yaml has changed since: services are rendered as they were in the run ${catalogOf}, until something else is asked for.`,
                  ]),
            `This takes ${stackFile(name)} back to it. Until it is merged or the file changes, the same is not deployed again.`,
            ...(log === undefined ? [] : [`What failed: ${log}`]),
        ].join("\n\n"),
        file: stackFile(name),
        text: withRequest(text, project, { commit: askedRef(healthy), pins, catalogOf, override: null }),
        was: textHash(text),
    };
}

/** What to do about the cause, a line each: what to revert where the file names no commit, and how to try again. */
export function nextCommands(
    { environment, request, images, locks, transitions }: Plan,
    back: WayBack,
    proposed: boolean,
): string[] {
    const { name, commit } = environment;
    const came = transitions.flatMap(({ image }) => {
        const planned = images[image];
        if (!planned || !("commit" in planned)) return [];
        const of = parseUnion(request.commit) ? ` of ${locks[planned.ref]?.source.repository}` : "";
        return [`git revert ${planned.commit} && git push   # on develop${of}, which ${name} follows`];
    });
    const followed = [...new Set(came)];
    const file =
        "to" in back ? [`${requestCommands(name, back.to.request, request).join(" && ")}   # and commit ${stackFile(name)}`] : [];
    return [
        ...(commit === "latest" ? followed : proposed ? [`merge the pull request that takes ${stackFile(name)} back`] : file),
        `or, once the cause is mended outside: npx oneflow deploy ${name} --retry`,
    ];
}

function same(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
    const sorted = (pins: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(pins).sort());
    return sorted(one) === sorted(other);
}
