import type { Problem } from "../../refusal";
import { type SourceObject, textAt } from "../import/objects";
import { identityAnnotation } from "../workload";
import { problemIn } from "./problem";

/**
 * The Google service account that a service's pods act as, from its ServiceAccount. Only of the one named as the service: that is the
 * account which the platform lets act as a Google one.
 */
export function readIdentity(sources: readonly SourceObject[], service: string): { identity?: string; problems: Problem[] } {
    const problems: Problem[] = [];
    let identity: string | undefined;
    for (const source of sources.filter(({ kind }) => kind === "ServiceAccount")) {
        const account = textAt(source.value, "metadata", "annotations", identityAnnotation);
        if (account === undefined) {
            continue;
        }
        const path = ["metadata", "annotations", identityAnnotation];
        if (source.name !== service) {
            const message = `${account}, and the platform lets only the ServiceAccount ${service} act as a Google one`;
            problems.push(problemIn(source, path, message, `name it ${service}, and write serviceAccountName: ${service}`));
        } else if (!googleAccount.test(account)) {
            problems.push(
                problemIn(
                    source,
                    path,
                    `${account} is not an email of a Google service account`,
                    "write name@project.iam.gserviceaccount.com",
                ),
            );
        } else {
            identity = account;
        }
    }
    return { ...(identity === undefined ? {} : { identity }), problems };
}

const googleAccount = /^[a-z][-a-z0-9]{4,28}[a-z0-9]@[a-z][-a-z0-9]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$/;
