import type { Cloud } from "../cloud";
import { ProviderError, type CheckFailure, type Values } from "../double";
import { isKnown, text } from "../values";

/** How one kind of Google Cloud resource behaves: what its API demands, and what it answers. */
export interface GcpKind {
    token: string;
    /** What the kind is called in errors: `Network`. */
    title: string;
    /** API that has to be enabled in the project, `compute.googleapis.com`. */
    api: string;
    /** Permission without its verb, `compute.networks`. */
    permission: string;
    required: readonly string[];
    /** Fields that no update can change. */
    replaceOn: readonly string[];
    /** What is filled in before the program's inputs are compared. @default nothing */
    defaults?(inputs: Values, place: Place): Values;
    /** What is wrong with the inputs as far as they are known. @default nothing more than missing fields */
    faults?(inputs: Values): readonly (CheckFailure | undefined)[];
    /** Name of the resource in the cloud. */
    name(inputs: Values, place: Place): string;
    /** @default the name in the cloud */
    id?(inputs: Values, place: Place): string;
    /** Names of resources that have to be there, a word for each kind. @default none */
    references?(inputs: Values, place: Place): readonly Reference[];
    /** What cannot be said before the world is looked at. @throws ProviderError */
    admit?(inputs: Values, place: Place): void;
    /** Outputs that the preview knows already. @default none */
    planned?(inputs: Values, place: Place): Values;
    /** Inputs with those nested outputs that a first preview cannot know: left out, a program would read them as absent. @default none */
    unanswered?(inputs: Values): Values;
    /** Outputs that the cloud gives. @default none */
    answers?(inputs: Values, place: Place): Values;
    /** What has to be brought about before a create or an update is done. @default nothing */
    settle?(outputs: Values, place: Place): Promise<void>;
    /** What has to be brought down before a delete is done. @default nothing */
    stop?(outputs: Values, place: Place): Promise<void>;
    /** What a delete does besides taking the record away. @throws ProviderError where it is refused */
    remove?(outputs: Values, place: Place): void;
    /** How the resource is kept, for kinds that are not a record of their own, such as a binding. @default a record under its name */
    storage?: GcpStorage;
}

/** How a kind is kept that is a part of another resource. */
export interface GcpStorage {
    /** Whether a create meets one that is there already. */
    conflicts(inputs: Values, place: Place): boolean;
    found(outputs: Values, place: Place): boolean;
    write(inputs: Values, place: Place): void;
    remove(outputs: Values, place: Place): void;
}

export interface Reference {
    what: string;
    name: string;
}

/** Runs what stands behind clusters. Keys are those of `Cloud.clusters`. */
export interface ClusterHost {
    /** Brings up what stands behind a cluster, or what of it is not there yet by what the cluster's resource says now. */
    settle(clusterKey: string): Promise<void>;
    remove(clusterKey: string): Promise<void>;
}

/** Where a provider instance works, and as whom. */
export interface Place {
    cloud: Cloud;
    member: string;
    /** Project that the resource lies in. */
    project: string;
    number: string;
    region?: string;
    zone?: string;
    /** Absent: clusters are records alone, which the Kubernetes double plays. */
    clusters?: ClusterHost;
}

/** A pattern that an id has to match, with the words that Google has for it. */
export function mustMatch(inputs: Values, property: string, pattern: RegExp, expected: string): CheckFailure | undefined {
    const value = text(inputs, property);
    return value === undefined || pattern.test(value)
        ? undefined
        : { property, reason: `${JSON.stringify(value)} is no valid value: expected ${expected}` };
}

export function mustBeOneOf(inputs: Values, property: string, values: readonly string[]): CheckFailure | undefined {
    const value = text(inputs, property);
    return value === undefined || values.includes(value)
        ? undefined
        : { property, reason: `expected ${property} to be one of ${JSON.stringify(values)}, got ${value}` };
}

/** GCP labels: lower case, at most 63 characters, at most 64 of them. */
export function labelFaults(inputs: Values, property: string): CheckFailure[] {
    const labels = Object.entries((inputs[property] ?? {}) as Record<string, unknown>).filter(([, value]) => isKnown(value));
    const wrong = labels.filter(
        ([key, value]) =>
            !/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) || !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(String(value)),
    );
    return wrong.map(([key, value]) => ({
        property: `${property}.${key}`,
        reason: `label ${key}=${String(value)} is not lower case letters, digits, _ and - up to 63`,
    }));
}

/** `projects/P/…` from any of the forms that name a resource: its self link, its id, or its name alone. */
export function resourceName(value: string, short: (name: string) => string): string {
    const path = value.replace(/^https:\/\/[^/]+\/(?:compute\/)?(?:v1|v1beta1|beta)\//, "").replace(/^\/\/[^/]+\//, "");
    return path.includes("/") ? path : short(path);
}

export function googleError(code: number, message: string): ProviderError {
    return new ProviderError(`googleapi: Error ${code}: ${message}`);
}

export const computeName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const computeNameWords = "1-63 characters, a lower case letter first, then lower case letters, digits or -, not ending in -";
