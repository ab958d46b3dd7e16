import { parseDocument } from "yaml";
import type { SecretVersion } from "../../settings/model";
import { type Line, isTree, objectName, type SourceObject, textAt, type Tree, treesAt } from "./objects";
import { fits, rules } from "./rules";

/** One key of a Secret that GKE makes of a version in Secret Manager, and the two objects that say so. */
export interface SyncedVersion {
    /** Name of the Secret. */
    secret: string;
    key: string;
    version: SecretVersion;
    sync: SourceObject;
    secretClass: SourceObject;
    /** Where it stands in the lists of the two. */
    positions: { data: number; listed: number };
}

/** All such keys. What follows `latest` is none: the catalog has no words for it. */
export function syncedVersions(objects: readonly SourceObject[]): SyncedVersion[] {
    return objects
        .filter(({ kind }) => kind === "SecretSync")
        .flatMap((sync) => {
            const className = textAt(sync.value, "spec", "secretProviderClassName");
            const secretClass = objects.find(({ kind, name }) => kind === "SecretProviderClass" && name === className);
            if (!secretClass || textAt(secretClass.value, "spec", "provider") !== "gke") {
                return [];
            }
            const all = listedSecrets(secretClass);
            return treesAt(sync.value, "spec", "secretObject", "data").flatMap((item, data) => {
                const listed = all.findIndex((one) => pathOf(one) === item.sourcePath);
                const version = versionOf(textAt(all[listed], "resourceName"));
                return version && typeof item.targetKey === "string"
                    ? [{ secret: sync.name, key: item.targetKey, version, sync, secretClass, positions: { data, listed } }]
                    : [];
            });
        });
}

/** The files that GKE's driver makes of a class: name → version. Nothing where one of them is no version by number. */
export function mountedVersions(
    objects: readonly SourceObject[],
    className: string | undefined,
): Readonly<Record<string, SecretVersion>> | undefined {
    const secretClass = objects.find(({ kind, name }) => kind === "SecretProviderClass" && name === className);
    if (!secretClass || textAt(secretClass.value, "spec", "provider") !== "gke") {
        return undefined;
    }
    const files = listedSecrets(secretClass).map((one) => [pathOf(one), versionOf(textAt(one, "resourceName"))] as const);
    const versions = files.flatMap(([path, version]) => (typeof path === "string" && version ? [[path, version] as const] : []));
    return versions.length > 0 && versions.length === files.length ? Object.fromEntries(versions) : undefined;
}

/** What of the manifests' SecretSyncs and SecretProviderClasses the entries say. */
export interface SecretUse {
    /** The keys that variables are read from. */
    keys: readonly SyncedVersion[];
    /** Names of the classes that are mounted as folders. */
    mounted: readonly string[];
    /** Names of the services. */
    services: readonly string[];
}

/** What of them nothing says. */
export function secretManagerLines(objects: readonly SourceObject[], { keys, mounted, services }: SecretUse): Line[] {
    return objects.flatMap((object) => {
        const own = keys.filter(({ sync, secretClass }) => sync === object || secretClass === object);
        if (object.kind === "SecretSync") {
            return own.length === 0 ? [lost(object, unread(object, objects))] : syncLines(object, own, services);
        }
        if (object.kind === "SecretProviderClass") {
            const isMounted = mounted.includes(object.name);
            const isUsed = isMounted || own.length > 0;
            const isRead = (index: number) => isMounted || own.some(({ positions }) => positions.listed === index);
            return isUsed ? classLines(object, isRead) : [lost(object, unread(object, objects))];
        }
        return [];
    });
}

function syncLines(sync: SourceObject, own: readonly SyncedVersion[], services: readonly string[]): Line[] {
    return leaves(sync.value).flatMap(({ place, path, value }) => {
        const [, position] = /^spec\/secretObject\/data\/(\d+)\/(?:sourcePath|targetKey)$/.exec(place) ?? [];
        if (position !== undefined) {
            return own.some(({ positions }) => positions.data === Number(position)) ? [] : [lost(sync, noVariable, path)];
        }
        if (place === "spec/serviceAccountName" && !services.includes(String(value))) {
            return [
                lost(sync, "every service reads its secrets as itself, by an account of its own that is named as itself", path),
            ];
        }
        const isSaid =
            ["spec/secretProviderClassName", "spec/serviceAccountName"].includes(place) ||
            (place === "spec/secretObject/type" && value === "Opaque");
        return isSaid || isOwnMetadata(sync, place) ? [] : [lost(sync, noKey, path)];
    });
}

function classLines(secretClass: SourceObject, isRead: (index: number) => boolean): Line[] {
    const said = ["spec/provider", "spec/parameters/secrets"];
    const isKnown = (one: Tree) => Object.keys(one).every((key) => ["resourceName", "path", "fileName"].includes(key));
    return [
        ...leaves(secretClass.value)
            .filter(({ place }) => !said.includes(place) && !isOwnMetadata(secretClass, place))
            .map(({ path }) => lost(secretClass, noKey, path)),
        ...listedSecrets(secretClass).flatMap((one, index) =>
            isRead(index) && isKnown(one) ? [] : [lost(secretClass, noVariable, `spec.parameters.secrets[${index}]`)],
        ),
        {
            ...lost(secretClass, "secrets are looked up in each environment's own Google Cloud project", "spec.parameters.secrets"),
            verdict: "note",
        },
    ];
}

const noKey = "no key of services.yaml says it";
const noVariable = "no variable of a service is read from it";

/** Why no variable reads anything of the object. */
function unread(object: SourceObject, objects: readonly SourceObject[]): string {
    const className = object.kind === "SecretSync" ? textAt(object.value, "spec", "secretProviderClassName") : object.name;
    const secretClass = objects.find(({ kind, name }) => kind === "SecretProviderClass" && name === className);
    const follows = secretClass && listedSecrets(secretClass).some((one) => /\/latest$/.test(String(one.resourceName)));
    return follows
        ? "`latest` would change what runs without a promotion; name a version by its number: { secretManager: <secret>, version: <number> }"
        : "no variable and no folder of a service is read from it by GKE's own provider; name a version by its number: { secretManager: <secret>, version: <number> }";
}

function isOwnMetadata({ kind }: SourceObject, place: string): boolean {
    return (
        ["apiVersion", "kind", "metadata/name", "metadata/labels/app"].includes(place) ||
        rules.some((rule) => rule.verdict === "same" && !rule.when && fits(`${kind}/${place}`, rule.place))
    );
}

function listedSecrets({ value }: SourceObject): readonly Tree[] {
    const document = parseDocument(textAt(value, "spec", "parameters", "secrets") ?? "");
    return document.errors.length > 0 ? [] : treesAt({ list: document.toJS() as unknown }, "list");
}

function pathOf({ path, fileName }: Tree): unknown {
    return path ?? fileName;
}

function versionOf(resourceName: string | undefined): SecretVersion | undefined {
    const [, secretManager, version] =
        /^projects\/[^/]+\/secrets\/([^/]+)\/versions\/([1-9][0-9]*)$/.exec(resourceName ?? "") ?? [];
    return secretManager === undefined ? undefined : { secretManager, version: Number(version) };
}

function lost(object: SourceObject, reason: string, path?: string): Line {
    const place = path === undefined ? {} : { path };
    return { verdict: "not carried", file: object.file, object: objectName(object), ...place, reason };
}

interface Leaf {
    /** Keys and positions with `/` between them, as in `rules.ts`. */
    place: string;
    /** The same as it is printed. */
    path: string;
    value: unknown;
}

function leaves(value: unknown, place = "", path = ""): Leaf[] {
    if (Array.isArray(value)) {
        return value.flatMap((item, index) => leaves(item, `${place}/${index}`, `${path}[${index}]`));
    }
    if (!isTree(value)) {
        return value === null || value === undefined ? [] : [{ place: place.slice(1), path, value }];
    }
    return Object.entries(value).flatMap(([key, inner]) => {
        const shown = /[./]/.test(key) ? `["${key}"]` : `${path === "" ? "" : "."}${key}`;
        return leaves(inner, `${place}/${key.replaceAll("/", "~1")}`, path + shown);
    });
}
