import { isDeepStrictEqual } from "node:util";
import type { Catalog } from "../../settings/model";
import type { ServiceEntry, ServicesFile } from "../../settings/schema/service";
import type { Shape } from "../../settings/shape";
import { fits, rules } from "./rules";
import { renderDefaultDeny } from "../networkPolicy";
import { renderService } from "../workload";
import { account } from "./account";
import { readCalls } from "./calls";
import { draftEntry, rows } from "./entry";
import { readFiles } from "./files";
import type { Collected } from "./folder";
import type { ImageOptions } from "./images";
import { templateOf } from "./kustomization";
import { at, type Line, objectName, type SourceObject, textAt, type Tree, treeAt, treesAt } from "./objects";
import { type Dropped, settle, type Settled } from "./settle";
import { mountedVersions, secretManagerLines, syncedVersions } from "./secretManager";
import { secretUse } from "./secretUse";
import { factoredDefaults } from "./defaults";
import { readVariables, type References } from "./variables";
import { gatherWorkloads, type Workload } from "./workloads";

export interface ImportOptions extends ImageOptions {
    /** GitHub repository that images are built from, `owner/name`. */
    repository: string;
}

export interface Imported {
    defaults: NonNullable<ServicesFile["defaults"]>;
    /** What the settings accept, in the order of the manifests. */
    entries: Readonly<Record<string, ServiceEntry>>;
    /** Entries that lack the digest of an image; zeros stand in its place. */
    pending: Readonly<Record<string, ServiceEntry>>;
    /** All entries as settings, the pending ones too. */
    catalog: Catalog;
    /** Everything that a person must know: what is not carried, what is stricter, what is worth a look. */
    lines: readonly Line[];
}

/**
 * The catalog that Kubernetes manifests describe.
 *
 * Nothing is dropped silently: every leaf of every object is rendered again from the catalog, or named by a rule of `rules.ts`,
 * or named by a line `not carried`.
 *
 * @param shape the shape of `services.yaml`
 * @throws Refusal where the repository is refused
 */
export function importManifests({ objects, lines: before }: Collected, options: ImportOptions, shape: Shape): Imported {
    const references = referencesIn(objects);
    const { workloads, lines: twice } = oneByName(gatherWorkloads(objects));
    const drafts = new Map(workloads.map((workload) => [workload.name, draftEntry(workload, { ...references, options })]));
    const base = { repository: options.repository };
    const first = settle(Object.fromEntries([...drafts].map(([name, { entry }]) => [name, entry])), base, shape);
    const accepted = workloads.filter(({ name }) => Object.hasOwn(first.entries, name));
    const calls = readCalls(accepted, references);
    const called = Object.fromEntries(
        Object.entries(first.entries).map(([name, entry]) => [name, withCalls(entry, calls.get(name)!)] as const),
    );
    const settled = settle(called, base, shape);
    const dropped = (name: string) => [...(first.dropped.get(name) ?? []), ...(settled.dropped.get(name) ?? [])];

    const pendingNames = [...drafts].filter(([, { unpinned }]) => unpinned.length > 0).map(([name]) => name);
    const { defaults, entries } = factoredDefaults(base, settled.entries);
    const lines = [
        ...before,
        ...twice,
        ...accounts(accepted, settled, dropped, references),
        ...refusals(workloads, new Map([...first.refused, ...settled.refused])),
        ...[...calls.values()].flatMap((one) => one.lines),
        ...accepted.flatMap((workload) => notes(workload, drafts.get(workload.name)!.unpinned)),
    ];
    const known = new Set(lines.map(({ file, object }) => `${file} ${object}`));
    const untouched = objects.filter(
        (object) => !related(workloads).includes(object) && !accountedByUse.includes(object.kind) && !isDefaultDeny(object),
    );
    return {
        defaults,
        entries: pick(withoutPendingCalls(entries, pendingNames), (name) => !pendingNames.includes(name)),
        pending: pick(entries, (name) => pendingNames.includes(name)),
        catalog: settled.catalog,
        lines: [
            ...lines,
            ...pendingCalls(accepted, entries, pendingNames),
            ...untouched.filter((object) => !known.has(`${object.file} ${objectName(object)}`)).map((object) => whole(object)),
            ...objects
                .filter(({ kind }) => kind === "ConfigMap")
                .flatMap((map) => configMapLines(map, accepted, settled, references)),
            ...secretManagerLines(objects, secretUse(accepted, settled, references)),
        ],
    };
}

/** What is carried by the variables and files that are read from it, and by nothing of its own. */
const accountedByUse = ["ConfigMap", "SecretSync", "SecretProviderClass"];

function referencesIn(objects: readonly SourceObject[]): References {
    const find = (kind: string) => (name: string) => objects.find((object) => object.kind === kind && object.name === name);
    const versions = syncedVersions(objects);
    return {
        configMap: find("ConfigMap"),
        secret: find("Secret"),
        synced: (name) => versions.filter(({ secret }) => secret === name),
        mounted: (className) => mountedVersions(objects, className),
    };
}

function oneByName(all: readonly Workload[]): { workloads: Workload[]; lines: Line[] } {
    const workloads = all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
    const lines = all
        .filter((workload) => !workloads.includes(workload))
        .map(({ object, name }) => {
            const other = workloads.find((workload) => workload.name === name)!;
            return whole(object, `the service ${name} is ${objectName(other.object)} of ${other.object.file} already`);
        });
    return { workloads, lines };
}

function withCalls(entry: ServiceEntry, { calls, unrestricted }: { calls: string[]; unrestricted: boolean }): ServiceEntry {
    return { ...entry, ...(calls.length > 0 && { calls }), ...(unrestricted && { unrestrictedEgress: true }) };
}

/** The objects that belong to workloads, each workload's own first. */
function related(workloads: readonly Workload[]): SourceObject[] {
    return workloads.flatMap(
        ({ object, inside, outside, headless, account: serviceAccount, scaler, budget, policies, routes, gateway }) =>
            [object, inside, outside, headless, serviceAccount, scaler, budget, ...policies, ...routes, gateway].filter(
                (one) => one !== undefined,
            ),
    );
}

function accounts(
    workloads: readonly Workload[],
    { catalog, entries }: Settled,
    droppedOf: (name: string) => readonly Dropped[],
    references: References,
): Line[] {
    const seen = new Set<SourceObject>();
    return workloads
        .filter(({ name }) => Object.hasOwn(catalog.services, name))
        .flatMap((workload) => {
            const { name } = workload;
            const rendered = renderedObjects(catalog, name);
            const own = rendered.find(({ kind }) => kind === workload.object.kind)!;
            return related([workload])
                .filter((object) => !seen.has(object) && seen.add(object))
                .flatMap((object) => {
                    const counterpart = counterpartOf(object, workload, rendered);
                    const because = (place: string) => droppedReason(place, droppedOf(name));
                    if (!counterpart) {
                        return [whole(object, because(object.kind), name)];
                    }
                    return account({
                        object,
                        rendered: counterpart,
                        workload,
                        renderedWorkload: own,
                        renderedTemplate: templateOf(own)!,
                        because,
                        carried: (place) => isCarried(place, workload, entries[name], references),
                    });
                });
        });
}

function renderedObjects(catalog: Catalog, name: string): Tree[] {
    const image = (imageName: string) => `${imageName}@sha256:${"0".repeat(64)}`;
    const context = {
        environment: "import",
        cloudProject: "import",
        namespace: "import",
        partOf: "import",
        services: catalog.services,
        image,
    };
    return Object.values(renderService(catalog.services[name], context)).flat() as unknown as Tree[];
}

function counterpartOf(
    object: SourceObject,
    { object: own, inside, outside, headless }: Workload,
    rendered: readonly Tree[],
): Tree | undefined {
    const ofKind = rendered.filter(({ kind }) => kind === object.kind);
    if (object === own || object.kind !== "Service") {
        return ofKind.find((one) => textAt(one, "metadata", "name") === object.name) ?? ofKind[0];
    }
    if (object === headless) {
        return ofKind.find((one) => textAt(one, "spec", "clusterIP") === "None");
    }
    const exposing = (one: Tree) => textAt(one, "spec", "type") === "LoadBalancer";
    return object === outside && object !== inside
        ? ofKind.find(exposing)
        : ofKind.find((one) => !exposing(one) && textAt(one, "spec", "clusterIP") !== "None");
}

/** What the settings said when they refused the key that this place is read into. */
function droppedReason(place: string, dropped: readonly Dropped[]): string | undefined {
    return dropped.find(({ key, name }) => {
        const patterns = rows.find((row) => row.key === key)?.from ?? [];
        const inKey = patterns.some((pattern) => fits(place, pattern) || pattern.startsWith(`${place}/`));
        return inKey && (name === undefined || place.split("/").includes(`[${name}]`) || place.split("/").includes(name));
    })?.reason;
}

/** Variables that were read from a ConfigMap or all keys of a Secret stand in the entry under their own names. */
function isCarried(place: string, workload: Workload, entry: ServiceEntry, references: References): boolean {
    const { container, pod } = workload;
    const [, folder] = /^pod\/spec\/volumes\/\[(.*?)\]\/csi\/volumeAttributes\/secretProviderClass$/.exec(place) ?? [];
    if (folder !== undefined) {
        return entry.volumes?.[folder]?.versions !== undefined;
    }
    const [, volume] =
        /^pod\/spec\/volumes\/\[(.*?)\]\/(?:name|configMap\/name|configMap\/items\/\[.*\]\/(?:key|path))$/.exec(place) ?? [];
    const [, mount] = /^main\/volumeMounts\/\[(.*?)\]\/(?:name|mountPath|subPath|readOnly)$/.exec(place) ?? [];
    if (volume !== undefined || mount !== undefined) {
        const files = readFiles(workload, references).filter(
            (file) => file.volume === volume || file.mountPath.replaceAll("/", "~1") === mount?.replace(/~1$/, ""),
        );
        return files.length > 0 && files.every(({ path, text }) => entry.files?.[path] === text);
    }
    const [, init] = /^init\/\[(.*?)\]\//.exec(place) ?? [];
    const from = init === undefined ? container : treesAt(pod, "initContainers").find(({ name }) => name === init);
    const env = init === undefined ? entry.env : entry.init?.find(({ name }) => name === init)?.env;
    const [, one] = /^(?:main|init\/\[.*?\])\/env\/\[(.*?)\]\/valueFrom\/configMapKeyRef\//.exec(place) ?? [];
    const [, hidden] = /^(?:main|init\/\[.*?\])\/env\/\[(.*?)\]\/valueFrom\/secretKeyRef\/(?:name|key)$/.exec(place) ?? [];
    if (from && hidden !== undefined) {
        return readVariables(from, references).some(
            ({ name, value, synced }) => synced && name === hidden && isDeepStrictEqual(env?.[name], value),
        );
    }
    const [, all] = /^(?:main|init\/\[.*?\])\/envFrom\/\[(\d+)\]\//.exec(place) ?? [];
    if (!from || (one === undefined && all === undefined)) {
        return false;
    }
    if (one !== undefined) {
        return (
            typeof env?.[one] === "string" &&
            readVariables(from, references).some(({ name, configMap }) => name === one && configMap)
        );
    }
    const alone = readVariables({ envFrom: [treesAt(from, "envFrom")[Number(all)]] }, references);
    return alone.length > 0 && alone.every(({ name }) => env?.[name] !== undefined);
}

function configMapLines(map: SourceObject, workloads: readonly Workload[], { entries }: Settled, references: References): Line[] {
    const used = workloads
        .filter(({ name }) => Object.hasOwn(entries, name))
        .flatMap((workload) => {
            const files = readFiles(workload, references).filter(({ path, text }) => entries[workload.name].files?.[path] === text);
            const containers = [workload.container, ...treesAt(workload.pod, "initContainers")];
            const inits = entries[workload.name].init ?? [];
            const variables = containers.flatMap((container, index) => {
                const env = index === 0 ? entries[workload.name].env : inits.find(({ name }) => name === container.name)?.env;
                return readVariables(container, references).filter(({ name, value }) => env?.[name] === value);
            });
            return [...files, ...variables];
        })
        .flatMap(({ configMap }) => (configMap?.name === map.name ? [configMap.key] : []));
    if (used.length === 0) {
        return [whole(map)];
    }
    const rest = (part: string) => Object.keys(treeAt(map.value, part)).map((key) => `${part}[${key}]`);
    const unused = rest("data").filter((path) => !used.some((key) => path === `data[${key}]`));
    const metadata = Object.keys(treeAt(map.value, "metadata")).filter((key) => !["labels", "annotations"].includes(key));
    const parts = ["labels", "annotations"].flatMap((part) =>
        Object.keys(treeAt(map.value, "metadata", part)).map((key) => [part, key]),
    );
    const places = [...metadata.map((key) => [key]), ...parts].filter(
        (keys) => !isOwnMetadata(["ConfigMap", "metadata", ...keys.map((key) => key.replaceAll("/", "~1"))].join("/")),
    );
    const more = places.map((keys) => `metadata.${keys.join(".")}`);
    // What is made of its texts cannot change either: other files are another ConfigMap.
    const others = Object.keys(map.value).filter(
        (key) => !["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"].includes(key),
    );
    return [...unused, ...rest("binaryData"), ...more, ...others].map((path) => ({
        verdict: "not carried" as const,
        file: map.file,
        object: objectName(map),
        path,
        reason: path.startsWith("data")
            ? "no variable and no file of a service is read from it"
            : "its texts are variables and files of services now",
    }));
}

function isOwnMetadata(place: string): boolean {
    return (
        place === "ConfigMap/metadata/name" ||
        place === "ConfigMap/metadata/labels/app" ||
        rules.some((rule) => fits(place, rule.place))
    );
}

function refusals(workloads: readonly Workload[], refused: ReadonlyMap<string, string>): Line[] {
    return workloads.flatMap((workload) => {
        const reason = refused.get(workload.name);
        if (reason === undefined) {
            return [];
        }
        const rest = related([workload]).slice(1);
        return [
            whole(workload.object, reason, workload.name),
            ...rest.map((object) =>
                whole(object, `it belongs to ${objectName(workload.object)}, which is not carried`, workload.name),
            ),
        ];
    });
}

function notes({ object, name, pod, container }: Workload, unpinned: readonly string[]): Line[] {
    const about = { file: object.file, object: objectName(object), service: name };
    const root = at(container, "securityContext", "readOnlyRootFilesystem") === undefined;
    const user = [container, pod].every((part) => at(part, "securityContext", "runAsUser") === undefined);
    const images = unpinned.map((image) => image.slice(0, image.indexOf("@")));
    return [
        ...images.map((image) => ({
            verdict: "not carried" as const,
            ...about,
            path: "image",
            reason: `${image} has no digest, and nothing tells that the repository builds it. Import again with --image ${image}=${image}@$(crane digest ${image}), or, where it is built, with --source ${name}=<folder>`,
        })),
        ...(object.unlistedIn
            ? [
                  {
                      verdict: "note" as const,
                      ...about,
                      reason: `${object.unlistedIn} does not list ${object.file}; delete the service if it is not deployed`,
                  },
              ]
            : []),
        ...(root
            ? [
                  {
                      verdict: "stricter" as const,
                      ...about,
                      path: "securityContext",
                      reason: "the root file system is read-only; where the program writes, name a folder: volumes: { tmp: { mount: /tmp } }",
                  },
              ]
            : []),
        ...(user
            ? [
                  {
                      verdict: "stricter" as const,
                      ...about,
                      path: "securityContext",
                      reason: "no pod runs as root; if the image does not name a number as its user, write user: 1000",
                  },
              ]
            : []),
    ];
}

function withoutPendingCalls(entries: Readonly<Record<string, ServiceEntry>>, pending: readonly string[]) {
    return Object.fromEntries(
        Object.entries(entries).map(([name, { calls, ...entry }]) => {
            const left = calls?.filter((called) => !pending.includes(called)) ?? [];
            return [name, { ...entry, ...(left.length > 0 && { calls: left }) }];
        }),
    );
}

function pendingCalls(
    workloads: readonly Workload[],
    entries: Readonly<Record<string, ServiceEntry>>,
    pending: readonly string[],
): Line[] {
    return workloads.flatMap(({ name, object }) =>
        pending.includes(name)
            ? []
            : (entries[name]?.calls ?? [])
                  .filter((called) => pending.includes(called))
                  .map((called) => ({
                      verdict: "not carried" as const,
                      file: object.file,
                      object: objectName(object),
                      path: "calls",
                      reason: `it calls ${called}, which is a comment until its image has a digest; then add ${called} to calls`,
                      service: name,
                  })),
    );
}

function whole(object: SourceObject, reason?: string, service?: string): Line {
    const why =
        reason ??
        kindReasons[object.kind] ??
        `no key of services.yaml is about a ${object.kind}, or it belongs to no workload here`;
    return {
        verdict: "not carried",
        file: object.file,
        object: objectName(object),
        reason: why,
        ...(service !== undefined && { service }),
    };
}

const kindReasons: Readonly<Record<string, string>> = {
    ConfigMap: "no variable and no file of a service is read from it",
    Secret: "the value of a secret is never read into a catalog; make it in each environment's namespace with kubectl create secret",
    Namespace: "namespaces are the environments'; Pulumi.<environment>.yaml may name one",
    Service: "no workload here has all labels that it selects, or that workload has a Service already",
    ServiceAccount: "every service has an account of its own; no workload here uses this one",
    PodDisruptionBudget: "a service has a budget of its own where more than one pod runs",
    NetworkPolicy: "what may be called stands in `calls`, and all else is denied",
    Ingress: "its first host is `expose` of the service, by the Gateway API; its paths, classes and further hosts are not carried",
    Job: "a job that runs once is no service",
    DaemonSet: "what runs on every node is the cluster's, not a service",
};

/** The policy that oneflow itself puts into every namespace. */
function isDefaultDeny({ kind, value }: SourceObject): boolean {
    const own = renderDefaultDeny({ environment: "import", namespace: "import", partOf: "import" });
    return kind === own.kind && JSON.stringify(value.spec) === JSON.stringify(own.spec);
}

function pick<T>(map: Readonly<Record<string, T>>, keep: (name: string) => boolean): Record<string, T> {
    return Object.fromEntries(Object.entries(map).filter(([name]) => keep(name)));
}
