import { at, text } from "../../values";
import { collectionBeside, type LiveObject, type Watched } from "./observed";

/** Path of what controllers have to say of an object. */
export function eventsOf(object: LiveObject): string {
    const selector = `involvedObject.uid=${object.metadata.uid},type=Warning`;
    return collectionBeside(object, "v1", "events", `fieldSelector=${encodeURIComponent(selector)}`);
}

/** What kept a controller from making pods since a time, in the API server's words: quota, Pod Security, a missing ServiceAccount. */
export function creationFailures({ now }: Watched, since: number): string[] {
    const recent = now.filter((event) => text(event, "reason") === "FailedCreate" && lastSeen(event) >= since - clockStep);
    const messages = recent.map((event) => `[FailedCreate] ${text(event, "message") ?? ""}`);
    return [...new Set(messages)].slice(-1);
}

function lastSeen(event: LiveObject): number {
    const time = at(event, "series.lastObservedTime") ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
    return Date.parse(String(time));
}

/** Events are told by the second. */
const clockStep = 1000;
