import type { BroughtSources } from "../manifests/bring/conflicts";
import { refuseConflicts } from "../manifests/bring/conflicts";
import { type Brought, readBrought } from "../manifests/bring/read";
import type { Problem } from "../refusal";
import type { Findings, Path } from "./findings";
import { isFolder, isYamlOrJson, manifestTree } from "./manifestTree";
import type { Service } from "./model";
import type { ServiceEntry } from "./schema/service";

/** Where folders of manifests are looked up, and what was found in them. */
export class BroughtFolders {
    /** Service → its objects, with their files. */
    readonly sources = new Map<string, Brought["sources"]>();

    constructor(
        /** The folder of `services.yaml`. Absent: the catalog stands in no folder, so no entry can bring manifests. */
        private readonly directory?: string,
    ) {}

    /** Reads the folder that an entry names; nothing where there is none to read. */
    read(service: Pick<Service, "name" | "image">, folder: string, path: Path, findings: Findings): Brought | undefined {
        const { directory } = this;
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
export function refuseMeetings(services: readonly Service[], sources: BroughtSources, findings: Findings): void {
    const sound = services.filter(({ name }) => !findings.touches(["services", name]));
    const known = new Map([...sources].filter(([name]) => sound.some((service) => service.name === name)));
    for (const problem of known.size > 0 ? refuseConflicts(sound, known) : []) {
        findings.addElsewhere(["services"], problem);
    }
}

/** The keys that mean the same as beside a description. */
const meaningful = ["source", "image", "build", "manifests", "calls", "unrestrictedEgress", "after"];

const instead: Readonly<Record<string, string>> = {
    identity: "delete the line, and annotate the ServiceAccount in the manifests: iam.gke.io/gcp-service-account",
    environments: "delete it: the same manifests run in every environment",
    kind: "delete the line: the manifests say what runs",
    init: "delete it: init containers stand in the manifests, their images by digest",
};
