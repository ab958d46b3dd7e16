import { InitializationError, type Values } from "../../double";
import { text } from "../../values";
import { newFieldManager } from "./liveCluster";
import type { LiveObject } from "./observed";

/** What the state keeps of an object: all but who set which field, and under which name this resource applies its own. */
export function outputsOf({ metadata, ...object }: LiveObject, fieldManager: string): Values {
    const { managedFields: _managedFields, ...rest } = metadata as LiveObject["metadata"] & { managedFields?: unknown };
    return { ...object, metadata: rest, [fieldManagerKey]: fieldManager };
}

/** Under which name a resource applies its fields; a new one where the state has none. */
export function managerOf(outputs: Values): string {
    return text(outputs, fieldManagerKey) ?? newFieldManager();
}

/** What the state keeps of an object that is there and not alive. */
export function initializationError(
    headline: string,
    reasons: readonly string[],
    { id, outputs, inputs }: { id: string; outputs: Values; inputs: Values },
): InitializationError {
    const message = [headline, ...reasons.map((reason) => `  * ${reason}`)].join("\n");
    return new InitializationError(message, id, outputs, inputs, [headline, ...reasons]);
}

/** Where the real provider keeps it. */
const fieldManagerKey = "__fieldManager";
