import type { SecretVersion } from "../../settings/model";
import type { EnvEntry } from "../../settings/schema/service";
import type { SyncedVersion } from "./secretManager";
import { at, isTree, type SourceObject, textAt, type Tree, treeAt, treesAt } from "./objects";

/** What containers refer to by name. */
export interface References {
    configMap(name: string): SourceObject | undefined;
    secret(name: string): SourceObject | undefined;
    /** The keys of a Secret that GKE makes of versions in Secret Manager. */
    synced(secret: string): readonly SyncedVersion[];
    /** The files that GKE's driver makes of a SecretProviderClass, where each is a version by number. */
    mounted(secretClass: string | undefined): Readonly<Record<string, SecretVersion>> | undefined;
}

/** A variable of a container, and what it was read from. */
export interface Variable {
    name: string;
    value: EnvEntry[string];
    /** The key of a ConfigMap whose text it holds. @default - none */
    configMap?: { name: string; key: string };
    /** The key of a Secret that is a version in Secret Manager. @default - none */
    synced?: SyncedVersion;
}

/**
 * The variables of a container in the order in which Kubernetes sets them: of two of one name the later holds. What a ConfigMap of
 * the manifests says stands in the catalog as text; what a Secret says stands there as a reference, never as its value.
 */
export function readVariables(container: Tree, references: References): Variable[] {
    const all = [
        ...treesAt(container, "envFrom").flatMap((source) => fromAll(source, references)),
        ...treesAt(container, "env").flatMap((variable) => fromOne(variable, references) ?? []),
    ];
    return all.filter(({ name }, index) => !all.slice(index + 1).some((later) => later.name === name));
}

export function entryOf(variables: readonly Variable[]): EnvEntry | undefined {
    return variables.length > 0 ? Object.fromEntries(variables.map(({ name, value }) => [name, value])) : undefined;
}

function fromAll(source: Tree, { configMap, secret, synced }: References): Variable[] {
    const prefix = textAt(source, "prefix") ?? "";
    const texts = textAt(source, "configMapRef", "name");
    if (texts !== undefined) {
        return Object.entries(treeAt(configMap(texts)?.value, "data")).map(([key, value]) => ({
            name: prefix + key,
            value: String(value),
            configMap: { name: texts, key },
        }));
    }
    const hidden = textAt(source, "secretRef", "name");
    const versions = hidden === undefined ? [] : synced(hidden);
    if (versions.length > 0) {
        return versions.map((one) => ({ name: prefix + one.key, value: { ...one.version }, synced: one }));
    }
    const keys = hidden === undefined ? [] : secretKeys(secret(hidden));
    return keys.map((key) => ({ name: prefix + key, value: { secret: hidden, key } }));
}

function fromOne(variable: Tree, { configMap, synced }: References): Variable | undefined {
    const name = String(variable.name);
    const from = variable.valueFrom;
    if (!isTree(from)) {
        const { value } = variable;
        return typeof value === "object" && value !== null
            ? undefined
            : { name, value: value === undefined || value === null ? "" : String(value) };
    }
    const [texts, key] = [textAt(from, "configMapKeyRef", "name"), textAt(from, "configMapKeyRef", "key")];
    if (texts !== undefined && key !== undefined) {
        const value = at(configMap(texts)?.value, "data", key);
        return value === undefined || value === null ? undefined : { name, value: String(value), configMap: { name: texts, key } };
    }
    const [hidden, part] = [textAt(from, "secretKeyRef", "name"), textAt(from, "secretKeyRef", "key")];
    if (hidden === undefined || part === undefined) {
        return undefined;
    }
    const version = synced(hidden).find(({ key: known }) => known === part);
    return version ? { name, value: { ...version.version }, synced: version } : { name, value: { secret: hidden, key: part } };
}

function secretKeys(secret: SourceObject | undefined): string[] {
    return [...Object.keys(treeAt(secret?.value, "data")), ...Object.keys(treeAt(secret?.value, "stringData"))];
}
