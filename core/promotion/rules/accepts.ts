import type { Problem } from "../../refusal";
import { isHotfix, refs, type Rule } from "./rule";
import { overrideCommand, settingCommand, shortCommit, unpinCommand } from "../words";

/** Where releases are accepted, a set that a tag names comes, whole; a commit or a pin only if it is a hotfix. */
export const accepts: Rule = {
    name: "accepts",
    overridable: true,
    judge: (judged) => {
        const { request, transitions, direction } = judged;
        const { environment, release } = request;
        if (environment.accepts !== "releases" || transitions.length === 0 || direction === "rollback") {
            return [];
        }
        const asked = [{ ref: request.commit, pinned: undefined }, ...refs(request).filter(({ pinned }) => pinned !== undefined)];
        return asked
            .filter(({ ref, pinned }) => !isHotfix(judged, ref) && (pinned !== undefined || release === undefined))
            .map(({ ref, pinned }): Problem => {
                const { name } = environment;
                const rest = `\nor: ${settingCommand(name, "accepts", "commits")}\nor: ${overrideCommand(name, "accepts")}`;
                return pinned === undefined
                    ? {
                          subject: "commit",
                          message: `${name} accepts releases, and ${shortCommit(ref)} is a commit: expected a tag, v1.4.0.`,
                          remedy: `git tag v<next> ${ref} && git push origin v<next>   # then: pulumi config set commit v<next> -s ${name}${rest}`,
                      }
                    : {
                          subject: `pins.${pinned}`,
                          message: `${name} accepts releases, and a pin takes ${pinned} out of one: only a hotfix may be pinned, and ${shortCommit(ref)} is none.`,
                          remedy: `${unpinCommand(name, pinned)}${rest}`,
                      };
            });
    },
};
