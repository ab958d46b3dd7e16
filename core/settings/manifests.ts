import type * as conflicts from "../manifests/bring/conflicts";
import type * as reading from "../manifests/bring/read";
import type { Problem } from "../refusal";
import type { Findings, Path } from "./findings";
import type * as trees from "./manifestTree";
import type { Environment, Service } from "./model";
import type { ServiceEntry } from "./schema/service";

/** Where folders of manifests are looked up, and what was found in them. */
export class BroughtFolders {
    /** Service → its objects, with their files. */
    readonly sources = new Map<string, reading.Brought["sources"]>();

    constructor(
        /** The folder of `services.yaml`. Absent: the catalog stands in no folder, so no entry can bring manifests. */
        private readonly directory?: string,
    ) {}

    /** Reads the folder that an entry names; nothing where there is none to read. */
    read(service: Pick<Service, "name" | "image">, folder: string, path: Path, findings: Findings): reading.Brought | undefined {
        const { directory } = this;
        const { isFolder, isYamlOrJson, manifestTree, readBrought } = reader();
        if (directory === undefined || !isFolder(directory, folder)) {
            const message = `${folder} is no folder here; expected one with Kubernetes manifests, seen from services.yaml`;
            findings.add(path, message, `mkdir -p ${folder}, or mend the path`);
            return undefined;
        }
        const broken: Problem[] = [];
        const { brought, problems } = readBrought(manifestTree(directory, broken, isYamlOrJson), folder, service);
        // What follows from a file that cannot be read is not said.
        (broken.length > 0 ? broken : problems).forEach((problem) => findings.addElsewhere(path, problem));
        this.sources.set(service.name, brought.sources);
        return brought;
    }
}

/** What a service is that brings its manifests: what they say is not said twice. */
export function readBringing(
    name: string,
    entry: ServiceEntry & { manifests: string },
    image: Service["image"],
    folders: BroughtFolders,
    findings: Findings,
): Service {
    const path = ["services", name];
    for (const key of Object.keys(entry).filter((key) => !meaningful.includes(key))) {
        const remedy = Object.hasOwn(instead, key) ? instead[key] : "delete the line, and say it in the manifests";
        findings.add([...path, key], `says nothing beside manifests: those in ${entry.manifests} decide it`, remedy);
    }
    const unclear = findings.touches([...path, "source"]) || findings.touches([...path, "image"]);
    const brought = unclear ? undefined : folders.read({ name, image }, entry.manifests, [...path, "manifests"], findings);
    const { manifests, ports = [], identity } = brought ?? {};
    return {
        name,
        kind: ports.length > 0 ? "service" : "worker",
        image,
        ports,
        probes: {},
        env: {},
        resources: { requests: {}, limits: {} },
        replicas: 1,
        volumes: [],
        init: [],
        annotations: {},
        terminationGracePeriodSeconds: 30,
        ...(identity === undefined ? {} : { identity }),
        manifests: manifests ?? { folder: entry.manifests, objects: [], images: {}, open: [] },
        environments: {},
    };
}

/** Refuses brought objects that meet others. What a service that is refused already would be is not known. */
export function refuseMeetings(services: readonly Service[], { sources }: BroughtFolders, findings: Findings): void {
    if (sources.size === 0) {
        return;
    }
    const sound = services.filter(({ name }) => !findings.touches(["services", name]));
    const known = new Map([...sources].filter(([name]) => sound.some((service) => service.name === name)));
    for (const problem of reader().refuseConflicts(sound, known)) {
        findings.addElsewhere(["services"], problem);
    }
}

/** Refuses brought objects that name a namespace which is not that of every environment. */
export function refuseNamespaces({ sources }: BroughtFolders, environments: readonly Environment[]): Problem[] {
    return sources.size === 0 ? [] : reader().refuseNamespaces(sources, environments);
}

/* eslint-disable @typescript-eslint/no-require-imports -- settings are read in one go: with import() all of it would be a promise */
/** What reads manifests: thirty files, for which every `up` would wait though few catalogs need them. */
function reader() {
    return {
        ...(require("../manifests/bring/conflicts") as typeof conflicts),
        ...(require("../manifests/bring/read") as typeof reading),
        ...(require("./manifestTree") as typeof trees),
    };
}
/* eslint-enable @typescript-eslint/no-require-imports */

/** The keys that mean the same as beside a description. */
const meaningful = ["source", "image", "build", "manifests", "calls", "unrestrictedEgress", "after", "schema", "compatibleWith"];

const instead: Readonly<Record<string, string>> = {
    identity: "delete the line, and annotate the ServiceAccount in the manifests: iam.gke.io/gcp-service-account",
    environments: "delete it: the same manifests run in every environment",
    kind: "delete the line: the manifests say what runs",
    init: "delete it: init containers stand in the manifests, their images by digest",
};
