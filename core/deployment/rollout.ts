import type { RolloutFailure } from "../release/failedRun";

/** What the engine's events say of an update that did not end well. */
export type Rollout =
    /** Nothing in a cluster was touched: what ran still runs, and the cause lies before the rollout. */
    | { kind: "notBegun" }
    /** Everything came up, and only its record could not be written. */
    | { kind: "unrecorded" }
    | { kind: "failed"; failures: readonly RolloutFailure[] };

/** What is read of an event: those of Pulumi's `--event-log`, one JSON a line. */
interface EngineEvent {
    resourcePreEvent?: { metadata: Step };
    resOpFailedEvent?: { metadata: Step };
    diagnosticEvent?: { severity: string; message: string; urn?: string };
}

interface Step {
    op: string;
    type: string;
    urn: string;
}

/**
 * Judges a failed update by its events. A last line that broke off, as of an engine that was killed, counts as not written.
 *
 * Only what was begun in a cluster can need a way back: an update that ended in the registry before it, or after it at its record,
 * is simply run again.
 */
export function rolloutOf(eventLog: string): Rollout {
    const events = eventLog.split("\n").flatMap(parsed);
    const begun = events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []).filter(changesCluster);
    if (begun.length === 0) {
        return { kind: "notBegun" };
    }
    const said = events.flatMap(({ diagnosticEvent }) => (diagnosticEvent?.severity === "error" ? [diagnosticEvent] : []));
    const failed = events.flatMap(({ resOpFailedEvent }) => resOpFailedEvent?.metadata ?? []);
    if (failed.length > 0 && failed.every(({ type }) => type === recordType)) {
        return { kind: "unrecorded" };
    }
    const messageOf = (urn: string) =>
        said
            .filter((diagnostic) => diagnostic.urn === urn)
            .map(({ message }) => message.trim())
            .join("\n");
    const failures = [...new Map(failed.map((step) => [step.urn, step])).values()].map(({ urn }) => ({
        resource: resourceName(urn),
        message: messageOf(urn),
    }));
    const last = said.at(-1);
    return {
        kind: "failed",
        failures:
            failures.length > 0
                ? failures
                : [{ resource: last?.urn ? resourceName(last.urn) : "the program", message: last?.message.trim() ?? "" }],
    };
}

/** `Deployment europe-west1-checkoutservice`, from a resource's URN. */
export function resourceName(urn: string): string {
    const [, , types = "", name = ""] = urn.split("::");
    return `${types.split("$").at(-1)?.split(":").at(-1) ?? types} ${name}`;
}

const recordType = "pulumi-nodejs:dynamic/oneflow:RunRecord";

function changesCluster({ op, type }: Step): boolean {
    return type.startsWith("kubernetes:") && !["same", "read", "refresh", "discard"].includes(op);
}

function parsed(line: string): EngineEvent[] {
    if (!line.startsWith("{")) return [];
    try {
        return [JSON.parse(line) as EngineEvent];
    } catch {
        // An engine that is killed leaves half a line; all that it wrote before still holds.
        return [];
    }
}
