/** Who holds a stack's state, in Pulumi's own words. */
export interface LockHolder {
    /** `ada@runner-1` */
    who: string;
    host: string;
    pid: number;
    /** As Pulumi wrote it. */
    since: string;
}

/** Who holds the state, where an update ended because somebody does. Nothing where it ended for another reason. */
export function lockHolders(output: string): readonly LockHolder[] | undefined {
    if (!output.includes("the stack is currently locked by")) {
        return undefined;
    }
    return [...output.matchAll(/: created by (\S+) \(pid (\d+)\) at (\S+)/g)].map(([, who, pid, since]) => ({
        who,
        host: who.slice(who.lastIndexOf("@") + 1),
        pid: Number(pid),
        since,
    }));
}

/** A line for each. */
export function describeHolders(holders: readonly LockHolder[]): string[] {
    return holders.map(({ who, pid, since }) => `${who} (pid ${pid}) holds it since ${since}`);
}

/** What is said of a lock that did not go away. It is never taken away by itself: two that write one state destroy it. */
export function describeLock(environment: string, holders: readonly LockHolder[], waited: string): string {
    return [
        `${environment} was not deployed, nothing was changed: its state is locked${waited}.`,
        ...describeHolders(holders).map((line) => `  ${line}`),
        "Find out whether that process still runs: a job that was killed leaves its lock behind. Only then:",
        `  → pulumi cancel -s ${environment}   # then: npx oneflow deploy ${environment}`,
    ].join("\n");
}
