import { at, records, text } from "../../values";
import { conditionOf, type LiveObject, type Obstacle } from "./observed";

/** What is wrong with a pod. */
export interface PodTrouble {
    /** The pod, its containers, what they wait for or ended with, and their images. */
    reason: string;
    /** Absent: it may just take its time. */
    obstacle?: Obstacle;
}

/** What is wrong with a pod. Nothing where it is ready, has done its work, or nothing is known against it. */
export function podTrouble(pod: LiveObject): PodTrouble | undefined {
    const ready = conditionOf(pod, "Ready");
    if (ready?.holds || text(pod, "status.phase") === "Succeeded") {
        return undefined;
    }
    const scheduled = conditionOf(pod, "PodScheduled");
    if (scheduled && !scheduled.holds) {
        return { reason: `Pod ${pod.metadata.name}: [${scheduled.reason}] ${scheduled.message}`, obstacle: "held" };
    }
    const unready = unreadyContainers(pod);
    const faults = unready.flatMap(({ faults }) => faults);
    if (faults.length === 0 && ready === undefined) {
        return undefined;
    }
    const names = unready.map(({ name }) => name).join(" ");
    const images = unready.map(({ image }) => image).join(", ");
    const why = faults.length > 0 ? faults.join("; ") : ready?.message ? `[${ready.reason}] ${ready.message}` : notReady;
    const obstacle = unready.some(({ held }) => held) ? "held" : unready.some(({ runs }) => runs) ? "unready" : undefined;
    return {
        reason: `Pod ${pod.metadata.name}: containers with unready status: [${names}] -- ${why} (image ${images})`,
        ...(obstacle ? { obstacle } : {}),
    };
}

interface UnreadyContainer {
    name: string;
    image: string;
    faults: string[];
    held: boolean;
    runs: boolean;
}

const notReady = "[ContainersNotReady] they run, and their readiness probes do not succeed";

/** Reasons for waiting that are part of every start. */
const starting = ["ContainerCreating", "PodInitializing"];

/** Of a pod whose init containers are not through, these; else its containers. */
function unreadyContainers(pod: LiveObject): UnreadyContainer[] {
    const unready = (field: string) =>
        records(at(pod, `status.${field}`))
            .filter((status) => status.ready !== true)
            .map(unreadyContainer);
    const init = unready("initContainerStatuses").filter(({ faults }) => faults.length > 0);
    return init.length > 0 ? init : unready("containerStatuses");
}

function unreadyContainer(status: Record<string, unknown>): UnreadyContainer {
    const name = String(status.name);
    const waiting = text(status, "state.waiting.reason");
    const held = waiting !== undefined && !starting.includes(waiting);
    const ended = [at(status, "state.terminated"), held ? at(status, "lastState.terminated") : undefined];
    return {
        name,
        image: String(status.image),
        faults: [
            ...(held ? [`[${waiting}] ${text(status, "state.waiting.message") ?? ""}`.trimEnd()] : []),
            ...ended.flatMap((end) => (end === undefined || at(end, "exitCode") === 0 ? [] : [endOf(name, end)])),
        ],
        held,
        runs: at(status, "state.running") !== undefined,
    };
}

/** `[Error] container "migrate" completed with exit code 1: relation "orders" does not exist` */
function endOf(name: string, terminated: unknown): string {
    const message = text(terminated, "message")?.trim();
    const reason = text(terminated, "reason") ?? "Error";
    const what = `[${reason}] container ${JSON.stringify(name)} completed with exit code ${String(at(terminated, "exitCode"))}`;
    return message ? `${what}: ${message}` : what;
}
