import { execFile } from "node:child_process";
import type { Override } from "../promotion/model";
import type { Written } from "../release/runRecordDocument";
import type { Run } from "../signing/provenance";

/**
 * Who writes a run record, when, why and from which commit of the operations repository. Read when it is written, never from
 * config: a deployment that changes nothing must not become a change by who ran it.
 *
 * - who: {@link actor}
 * - why: `ONEFLOW_REASON`
 *
 * @param directory the checkout of the operations repository
 */
export async function writtenNow(directory: string, environment: NodeJS.ProcessEnv, now: Date = new Date()): Promise<Written> {
    const operations = await checkedOutCommit(directory);
    const reason = environment.ONEFLOW_REASON?.trim();
    return {
        at: now.toISOString().replace(/\.\d{3}Z$/, "Z"),
        by: actor(environment),
        ...(operations ? { operations } : {}),
        ...(reason ? { reason } : {}),
    };
}

/** Who runs this process: `ONEFLOW_ACTOR`, else `GITHUB_ACTOR`, else `USER` or `LOGNAME`, else `unknown`. */
export function actor({ ONEFLOW_ACTOR, GITHUB_ACTOR, USER, LOGNAME }: NodeJS.ProcessEnv): string {
    return ONEFLOW_ACTOR || GITHUB_ACTOR || USER || LOGNAME || "unknown";
}

/** In which run a release is made: of a workflow, by the variables of GitHub's runner, or of a person. */
export function runOf(environment: NodeJS.ProcessEnv): Run {
    const {
        GITHUB_SERVER_URL: server = "https://github.com",
        GITHUB_WORKFLOW_REF: workflow,
        GITHUB_REPOSITORY: repository,
        GITHUB_RUN_ID: run,
        GITHUB_RUN_ATTEMPT: attempt = "1",
    } = environment;
    return workflow && repository && run
        ? {
              server,
              builder: `${server}/${workflow}`,
              invocation: `${server}/${repository}/actions/runs/${run}/attempts/${attempt}`,
          }
        : { server, builder: `https://oneflow.dev/person/${encodeURIComponent(actor(environment))}` };
}

/** The rules that whoever runs this process answers for: `ONEFLOW_OVERRIDE`, by commas, with `ONEFLOW_REASON`. Nothing: none. */
export function overrideOf({ ONEFLOW_OVERRIDE, ONEFLOW_REASON }: NodeJS.ProcessEnv): Override | undefined {
    const rules = (ONEFLOW_OVERRIDE ?? "").split(",").flatMap((name) => name.trim() || []);
    return rules.length > 0 ? { rules: [...new Set(rules)], reason: ONEFLOW_REASON?.trim() ?? "" } : undefined;
}

/** The commit that is checked out in a directory. Nothing where it is no git checkout, or where there is no git. */
export function checkedOutCommit(directory: string): Promise<string | undefined> {
    return new Promise((resolve) => {
        execFile("git", ["-C", directory, "rev-parse", "--verify", "HEAD"], (error, stdout) =>
            resolve(error ? undefined : stdout.trim()),
        );
    });
}
