import { unknown, type Values } from "./double";

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** The value as the provider sees it: secrets and outputs opened, nulls dropped as an API does. */
export function plain(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(plain);
    }
    if (!isRecord(value)) {
        return value;
    }
    if (value[signature] === secretSignature) {
        return plain(value.value);
    }
    if (value[signature] === outputSignature) {
        return "value" in value ? plain(value.value) : unknown;
    }
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, inner]) => inner !== null && inner !== undefined)
            .map(([key, inner]) => [key, plain(inner)]),
    );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isKnown(value: unknown): boolean {
    if (Array.isArray(value)) {
        return value.every(isKnown);
    }
    return isRecord(value) ? Object.values(value).every(isKnown) : value !== unknown;
}

/** The value under a path of keys and indices, `spec.template.spec.containers.0.image`. */
export function at(value: unknown, path: string): unknown {
    return path.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** The text under a path. Nothing where there is none, or it is not known yet. */
export function text(value: unknown, path: string): string | undefined {
    const found = at(value, path);
    return typeof found === "string" && found !== unknown ? found : undefined;
}

export function records(value: unknown): Record<string, unknown>[] {
    return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** `over` laid on `under`: objects merge key by key, all else is replaced. */
export function merge(under: Values, over: Values): Record<string, unknown> {
    const result: Record<string, unknown> = { ...under };
    for (const [key, value] of Object.entries(over)) {
        const below = result[key];
        result[key] = isRecord(value) && isRecord(below) ? merge(below, value) : value;
    }
    return result;
}

/** The live values of those fields that a program set: what somebody changed by hand shows as a difference. */
export function projection(inputs: unknown, live: unknown): unknown {
    if (Array.isArray(inputs) && Array.isArray(live)) {
        return live.map((item, index) => (index < inputs.length ? projection(inputs[index], item) : item));
    }
    if (isRecord(inputs) && isRecord(live)) {
        return Object.fromEntries(
            Object.keys(inputs).flatMap((key) => (live[key] === undefined ? [] : [[key, projection(inputs[key], live[key])]])),
        );
    }
    return live;
}
