import type { Problem } from "../../refusal";
import { overrideCommand, promoteCommand, settingCommand, shortCommit } from "../words";
import { brings, isHotfix, type Judged, ranBefore, refs, type Rule } from "./rule";

/**
 * A hotfix may come directly into the environment after the first, without having run in the first: where that one takes hotfixes, and
 * the hotfix stands on the release that its lock names.
 */
export const hotfix: Rule = {
    name: "hotfix",
    overridable: true,
    judge: (judged) =>
        !brings(judged) || ranBefore(judged)
            ? []
            : refs(judged.request)
                  .filter(({ ref }) => isHotfix(judged, ref) && bringsImageOf(judged, ref))
                  .flatMap(({ ref, pinned }) => refusalOf(judged, ref, pinned) ?? []),
};

function bringsImageOf({ transitions, images }: Judged, ref: string): boolean {
    return transitions.some(({ image, to }) => to !== undefined && images[image].ref === ref);
}

function refusalOf({ request, facts }: Judged, ref: string, pinned: string | undefined): Problem | undefined {
    const { environment, before } = request;
    const release = facts.locks[ref]?.source.release;
    const subject = pinned === undefined ? "commit" : `pins.${pinned}`;
    const hotfixed = `${shortCommit(ref)} is a hotfix that never ran healthy in ${before!.name}`;
    const override = overrideCommand(environment.name, "hotfix");
    if (!environment.hotfixes) {
        return {
            subject,
            message: `${hotfixed}, and ${environment.name} takes none directly: hotfixes is false in Pulumi.${environment.name}.yaml.`,
            remedy: [
                settingCommand(environment.name, "hotfixes", "true"),
                `${promoteCommand(before!.name, ref)}   # then ${environment.name} again`,
                override,
            ].join("\nor: "),
        };
    }
    if (release === undefined) {
        return {
            subject,
            message: `${hotfixed}, and its lock names no release that it mends: its branch began at none.`,
            remedy: `git switch -c hotfix/<name> v<the release that runs> && git cherry-pick ${ref} && git push -u origin HEAD\nor: ${override}`,
        };
    }
    const { descends } = facts.hotfixes[ref] ?? {};
    if (descends) {
        return undefined;
    }
    return {
        subject,
        message:
            descends === undefined
                ? `${hotfixed}, and this checkout cannot tell whether it stands on ${release}, which its lock names: it lacks one of the two.`
                : `${hotfixed}, and it does not stand on ${release}, which its lock names: somebody moved the tag or the branch.`,
        remedy:
            descends === undefined
                ? `git fetch --tags origin ${ref} && pulumi up -s ${environment.name}\nor: ${override}`
                : `git switch -c hotfix/<name> ${release} && git cherry-pick ${ref} && git push -u origin HEAD\nor: ${override}`,
    };
}
