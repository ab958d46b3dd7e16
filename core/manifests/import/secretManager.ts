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
                const listed = all.findIndex((one) => (one.path ?? one.fileName) === item.sourcePath);
                const version = versionOf(textAt(all[listed], "resourceName"));
                return version && typeof item.targetKey === "string"
                    ? [{ secret: sync.name, key: item.targetKey, version, sync, secretClass, positions: { data, listed } }]
                    : [];
            });
        });
}

/**
 * What of SecretSyncs and SecretProviderClasses no variable says.
 *
 * @param used the keys that variables of services are read from
 * @param services names of the services
 */
export function secretManagerLines(
    objects: readonly SourceObject[],
    used: readonly SyncedVersion[],
    services: readonly string[],
): Line[] {
    return objects.flatMap((object) => {
        const own = used.filter(({ sync, secretClass }) => sync === object || secretClass === object);
        if (object.kind === "SecretSync") {
            return own.length === 0 ? [lost(object, unread(object, objects))] : syncLines(object, own, services);
        }
        if (object.kind === "SecretProviderClass") {
            return own.length === 0 ? [lost(object, unread(object, objects))] : classLines(object, own);
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

function classLines(secretClass: SourceObject, own: readonly SyncedVersion[]): Line[] {
    const said = ["spec/provider", "spec/parameters/secrets"];
    const isRead = (one: Tree, index: number) =>
        own.some(({ positions }) => positions.listed === index) &&
        Object.keys(one).every((key) => ["resourceName", "path", "fileName"].includes(key));
    return [
        ...leaves(secretClass.value)
            .filter(({ place }) => !said.includes(place) && !isOwnMetadata(secretClass, place))
            .map(({ path }) => lost(secretClass, noKey, path)),
        ...listedSecrets(secretClass).flatMap((one, index) =>
            isRead(one, index) ? [] : [lost(secretClass, noVariable, `spec.parameters.secrets[${index}]`)],
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
        ? "`latest` would change what runs without a promotion; write env: { NAME: { secretManager: <secret>, version: <number> } }"
        : "no variable of a service is read from it through a SecretSync of GKE; write env: { NAME: { secretManager: <secret>, version: <number> } }";
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
