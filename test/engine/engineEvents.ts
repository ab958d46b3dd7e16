import type { EngineRun } from "../../sandbox/world/engine";

/** What the tests read of an event of `pulumi up --json`. */
interface EngineEvent {
    resOutputsEvent?: { metadata: { op: string; type: string; urn: string } };
    resOpFailedEvent?: { metadata: { op: string; type: string; urn: string } };
    diagnosticEvent?: { severity: string; message: string };
}

/** What the engine did to resources, as `update kubernetes:apps/v1:Deployment frontend`, in its order. What it left alone is not among it. */
export function steps(run: EngineRun): string[] {
    return events(run)
        .flatMap(({ resOutputsEvent }) => resOutputsEvent?.metadata ?? [])
        .filter(({ op }) => op !== "same")
        .map(({ op, type, urn }) => `${op} ${type} ${urn.split("::").pop()}`);
}

/** The resources that the engine could not bring where they should be. */
export function failedSteps(run: EngineRun): string[] {
    return events(run)
        .flatMap(({ resOpFailedEvent }) => resOpFailedEvent?.metadata ?? [])
        .map(({ op, type, urn }) => `${op} ${type} ${urn.split("::").pop()}`);
}

/** What a person reads at the end of a run that failed, message by message. */
export function errors(run: EngineRun): string[] {
    return messages(run, "error");
}

/** What the program and the providers told a person, message by message. */
export function told(run: EngineRun): string[] {
    return messages(run, "info");
}

/** What they warned a person of, message by message. */
export function warned(run: EngineRun): string[] {
    return messages(run, "warning");
}

function messages(run: EngineRun, severity: string): string[] {
    return events(run)
        .flatMap(({ diagnosticEvent }) => diagnosticEvent ?? [])
        .filter((diagnostic) => diagnostic.severity === severity)
        .map(({ message }) => message.trim());
}

function events({ output }: EngineRun): EngineEvent[] {
    return output
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as EngineEvent);
}
