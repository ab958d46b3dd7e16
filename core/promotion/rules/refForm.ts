import { isCommit, isRelease } from "../../release/lock";
import { refs, type Rule } from "./rule";

/** A ref is a full commit SHA or a release by now. The settings hold it to that; a short SHA that slipped through could come to mean another commit. */
export const refForm: Rule = {
    name: "refForm",
    judge: ({ request }) =>
        refs(request)
            .filter(({ ref, pinned }) => !isCommit(ref) && (pinned !== undefined || !isRelease(ref)))
            .map(({ ref, pinned }) => {
                const key = pinned === undefined ? "commit" : `--path 'pins.${pinned}'`;
                // What git could not know either is not pasted into a shell.
                const full = /^[\w./-]+$/.test(ref) && !ref.startsWith("-") ? `$(git rev-parse ${ref})` : "<full commit SHA>";
                return {
                    subject: pinned === undefined ? "commit" : `pins.${pinned}`,
                    message: `${JSON.stringify(ref)} is not a full commit SHA: 40 lower-case hex digits are expected.`,
                    remedy: `pulumi config set ${key} ${full} -s ${request.environment.name}`,
                };
            }),
};
