import { isRecord, records, text } from "../../values";
import type { Values } from "../../double";
import { quantity } from "../shape";
import type { LiveObject } from "./observed";

/**
 * The inputs of an object as they stand in the cluster: what somebody else changed shows, what somebody else added does not.
 * What the API server only writes in another way is left as the program wrote it.
 */
export function liveInputs(inputs: Values, object: LiveObject): Values {
    return project(inputs, withStringData(object), "") as Values;
}

/** The inputs that would have made an object: all but what the cluster itself wrote. */
export function importedInputs({ status: _status, metadata, ...object }: LiveObject): Values {
    const { uid, resourceVersion, creationTimestamp, generation, managedFields, ...own } = metadata as Record<string, unknown>;
    void [uid, resourceVersion, creationTimestamp, generation, managedFields];
    return { ...object, metadata: own };
}

function project(input: unknown, live: unknown, path: string): unknown {
    if (live === undefined) {
        return isZero(input) ? input : undefined;
    }
    if (isRecord(input) && isRecord(live)) {
        const entries = Object.entries(input).map(([key, value]) => [key, project(value, live[key], `${path}.${key}`)] as const);
        return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    if (Array.isArray(input) && Array.isArray(live)) {
        return projectList(input, live, path);
    }
    return isSameQuantity(input, live) ? input : live;
}

/** Of a list whose items have names, those of the program; of any other the whole, which has one owner. */
function projectList(input: readonly unknown[], live: readonly unknown[], path: string): unknown[] {
    const field = path.slice(path.lastIndexOf(".") + 1);
    const key = (mergeKeys[field] ?? []).find((name) => records(input).every((item) => item[name] !== undefined));
    // One port may be there for several protocols.
    const nameOf = (item: Values) => (field === "ports" ? `${String(item[key!])}/${String(item.protocol ?? "TCP")}` : item[key!]);
    if (key === undefined) {
        return live.map((item, index) => (index < input.length ? project(input[index], item, path) : item));
    }
    return records(input).flatMap((item) => {
        const found = records(live).find((one) => nameOf(one) === nameOf(item));
        return found === undefined ? [] : [project(item, found, path)];
    });
}

/** Lists whose items several may own, and what names an item. */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
    containers: ["name"],
    initContainers: ["name"],
    env: ["name"],
    volumes: ["name"],
    volumeMounts: ["mountPath"],
    imagePullSecrets: ["name"],
    topologySpreadConstraints: ["topologyKey"],
    ports: ["containerPort", "port"],
};

/** What the API server does not keep apart from nothing. */
function isZero(value: unknown): boolean {
    if (Array.isArray(value)) return value.length === 0;
    if (isRecord(value)) return Object.values(value).every(isZero);
    return value === undefined || value === null || value === "" || value === 0 || value === false;
}

/** `1000m` and `1`, `1024Mi` and `1Gi`: the API server has one way to write each. */
function isSameQuantity(input: unknown, live: unknown): boolean {
    return typeof live === "string" && !Number.isNaN(quantity(live)) && quantity(input) === quantity(live);
}

/** A Secret's data once more as text: that is how programs write it, though the API server keeps it in one form only. */
function withStringData(object: LiveObject): Values {
    if (object.kind !== "Secret" || !isRecord(object.data)) return object;
    const texts = Object.keys(object.data).map((key) => [key, Buffer.from(text(object.data, key) ?? "", "base64").toString()]);
    return { ...object, stringData: Object.fromEntries(texts) as Values };
}
