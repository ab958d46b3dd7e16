import type { Problem } from "../../refusal";
import { isHotfix, refs, type Rule } from "./rule";
import { askedRef, otherRefs, overrideCommand, promoteCommand, settingCommand, shortCommit, unpinCommand } from "../words";

/** Where releases are accepted, a set that a tag names comes, whole; a commit or a pin only if it is a hotfix. */
export const accepts: Rule = {
    name: "accepts",
    overridable: true,
    judge: (judged) => {
        const { request, facts, transitions, direction } = judged;
        const { environment, release } = request;
        if (environment.accepts !== "releases" || transitions.length === 0 || direction === "rollback") {
            return [];
        }
        const asked = [
            { ref: askedRef(request), pinned: undefined },
            ...refs(request).filter(({ pinned }) => pinned !== undefined),
        ];
        return asked
            .filter(({ ref, pinned }) => !isHotfix(judged, ref) && (pinned !== undefined || release === undefined))
            .map(({ ref, pinned }): Problem => {
                const { name } = environment;
                const rest = `\nor: ${settingCommand(name, "accepts", "commits")}\nor: ${overrideCommand(name, "accepts")}`;
                return pinned === undefined
                    ? {
                          subject: "commit",
                          message: [
                              `${name} accepts releases, and ${shortCommit(ref)} is a commit: expected a release, v1.4.0.`,
                              ...otherRefs(request, facts),
                          ].join("\n"),
                          remedy: `npx oneflow release v<next> --commit ${ref}   # then: ${promoteCommand(name, "v<next>")}${rest}`,
                      }
                    : {
                          subject: `pins.${pinned}`,
                          message: `${name} accepts releases, and a pin takes ${pinned} out of one: only a hotfix may be pinned, and ${shortCommit(ref)} is none.`,
                          remedy: `${unpinCommand(name, pinned)}${rest}`,
                      };
            });
    },
};
