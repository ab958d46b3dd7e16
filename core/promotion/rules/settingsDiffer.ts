import type { Problem } from "../../refusal";
import { describeDifferences, settingsThatDiffer } from "../settingsDiffer";
import { overrideCommand, shortCommit } from "../words";
import { brings, type Judged, type Rule } from "./rule";

/**
 * This checkout's services.yaml is rendered. Where it says otherwise than a commit's own does, it must have come to after it: a checkout
 * that does not contain the commit renders new images with settings of before.
 */
export const settingsDiffer: Rule = {
    name: "settings-differ",
    overridable: true,
    judge: (judged) => {
        const { request, facts } = judged;
        if (!request.before || !brings(judged)) {
            return [];
        }
        const found = settingsThatDiffer(request, facts, judged);
        return [...new Set(found.map(({ ref }) => ref))].flatMap((ref) => {
            const known = facts.checkout?.[ref];
            const differing = describeDifferences(found.filter((one) => one.ref === ref));
            return !known || known.contains ? [] : [refusalOf(judged, ref, known.contains, differing)];
        });
    },
};

function refusalOf({ request, facts }: Judged, ref: string, contains: false | undefined, differing: readonly string[]): Problem {
    const { environment } = request;
    const { commit, branch } = facts.locks[ref]!.source;
    const of = commit === ref ? "" : `, of ${shortCommit(commit)}`;
    const merge = `git merge ${commit} && git push   # ${branch === "hotfix" ? "the hotfix" : branch} first, then: pulumi up -s ${environment.name}`;
    return {
        subject: "services.yaml",
        message: [
            contains === false
                ? `says otherwise at ${shortCommit(ref)}${of}, which this checkout does not contain: its images would run with settings of before.`
                : `says otherwise at ${shortCommit(ref)}${of}, and this checkout is shallow: it cannot tell whether it contains that.`,
            ...differing,
        ].join("\n"),
        remedy: [
            contains === false ? merge : `git fetch --unshallow --tags && pulumi up -s ${environment.name}`,
            overrideCommand(environment.name, "settings-differ"),
        ].join("\nor: "),
    };
}
