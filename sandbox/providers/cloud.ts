import { clusterServer, nodeServiceAccount } from "./cloud/endpoints";
import { Iam } from "./cloud/iam";
import { Objects } from "./cloud/objects";
import { Store } from "./cloud/store";
import type { Values } from "./double";

/** A Google Cloud project that exists before oneflow: projects are not made by `platform`. */
export interface Project {
    id: string;
    /** The number that Google gave it: pools and default service accounts are named by it. */
    number: string;
}

/** A cluster that kubeconfigs can reach. */
export interface Cluster {
    /** `PROJECT/LOCATION/NAME` of a GKE cluster; the given name of any other. */
    key: string;
    /** URL of its API server. */
    server: string;
    /** Members that may do everything in it, besides those that the cloud's IAM lets. */
    admins: readonly string[];
    /** IAM member that its nodes pull images as. */
    nodeMember: string;
    /** The Google Cloud resource; absent in a cluster that a team brought. */
    resource?: string;
    /** The Kubernetes that really stands behind it. @default - none: the double plays the cluster from its own files */
    controlPlane?: ControlPlaneAddress;
}

/** Where an API server really listens. */
export interface ControlPlaneAddress {
    /** `https://127.0.0.1:PORT` */
    address: string;
    /** Certificate of the authority that signed its own, as PEM. */
    certificateAuthority: string;
}

/** Whom a token stands for. */
export interface Identity {
    member: string;
    /** Further members that it is by what is mapped of it: `principalSet://…/attribute.workflow/…`. @default - none */
    sets?: readonly string[];
}

export interface Repository {
    /** `owner/name`. */
    fullName: string;
    /** Numeric id: it survives a rename. */
    id: number;
    ownerId: number;
    private: boolean;
    /** What its owner, an organization, pays for: `free`, `team` or `enterprise`. @default `team` */
    plan?: string;
    defaultBranch: string;
    branches: readonly string[];
}

/**
 * The simulated world: a folder of JSON files, shared by all processes that open it.
 * Provider doubles write into it, and tests read back what a program claims to have made.
 */
export class Cloud {
    readonly store: Store;
    /** Who may do what, over the bindings that were really created. */
    readonly iam: Iam;

    constructor(directory: string) {
        this.store = new Store(directory);
        this.iam = new Iam(this.store);
    }

    /** A project with its owner, and with the APIs that the bootstrap enables. */
    addProject({ id, number, owner, enabled = bootstrapApis }: Project & { owner: string; enabled?: readonly string[] }): void {
        this.store.put(`projects/${id}`, { id, number });
        for (const service of enabled) {
            this.store.put(`projects/${id}/services/${service}`, { service, project: id });
        }
        this.iam.grant(`projects/${id}`, "roles/owner", owner);
    }

    /** A project by id or number. */
    project(idOrNumber: string): Project | undefined {
        return /^\d+$/.test(idOrNumber)
            ? this.projects().find(({ number }) => number === idOrNumber)
            : this.store.get<Project>(`projects/${idOrNumber}`);
    }

    projects(): Project[] {
        return this.store.children("projects").flatMap((name) => this.store.get<Project>(name) ?? []);
    }

    /** A version of a secret that somebody put into Secret Manager; the first makes the secret. */
    addSecretVersion({ project, secret, value }: { project: string; secret: string; value: string }): void {
        const name = `projects/${project}/secrets/${secret}`;
        this.store.put(name, { name });
        this.store.put(`${name}/versions/${this.store.children(`${name}/versions`).length + 1}`, { value });
    }

    /** A Google Cloud resource by its name, `projects/acme-dev/locations/europe-west1/repositories/develop`. */
    resource<T = Record<string, unknown>>(name: string): T | undefined {
        return this.store.get<T>(name);
    }

    /** The names of all resources under a name, sorted. */
    resourceNames(under: string): string[] {
        return this.store.names(under);
    }

    /** Whether a member, itself or by a role, has a permission on a resource or on what it lies in. */
    allows(member: string, permission: string, resourceName: string): boolean {
        return this.iam.allows(member, permission, resourceName);
    }

    /**
     * Lets a token stand for a member, for example `serviceAccount:deployer@acme-dev.iam.gserviceaccount.com`.
     *
     * @param expires until when @default - for ever
     */
    addIdentity({ token, expires, ...identity }: Identity & { token: string; expires?: Date }): void {
        if (expires === undefined) {
            this.store.put(`identities/${token}`, identity);
        } else {
            this.store.put(`accessTokens/${token}`, { ...identity, expires: expires.toISOString() });
        }
    }

    /** The member that a token stands for. Nothing where it is not valid, or no longer. */
    identify(token: string): string | undefined {
        return this.identity(token)?.member;
    }

    /** Whom a token stands for. Nothing where it is not valid, or no longer. */
    identity(token: string): Identity | undefined {
        if (token === "") return undefined;
        const lasting = this.store.get<Identity>(`identities/${token}`);
        if (lasting) return lasting;
        const passing = this.store.get<Identity & { expires: string }>(`accessTokens/${token}`);
        return passing && Date.parse(passing.expires) > Date.now() ? passing : undefined;
    }

    /** A token that stands for a member for ever. Nothing where none does. */
    tokenOf(member: string): string | undefined {
        const names = this.store.children("identities");
        return names.find((name) => this.store.get<{ member: string }>(name)?.member === member)?.slice("identities/".length);
    }

    /** A cluster that is there already, such as kind on a laptop. */
    addCluster({
        name,
        server,
        admins,
        nodeMember,
    }: {
        name: string;
        server: string;
        admins: readonly string[];
        nodeMember: string;
    }): void {
        this.store.put(`clusters/${name}`, { key: name, server, admins, nodeMember } satisfies Cluster);
    }

    /** All clusters: those that GKE runs, and those that were there already. */
    clusters(): Cluster[] {
        const brought = this.store.all<Cluster>("clusters");
        const managed = this.projects()
            .flatMap(({ id }) => this.store.names(`projects/${id}/locations`))
            .filter((name) => /^projects\/[^/]+\/locations\/[^/]+\/clusters\/[^/]+$/.test(name))
            .flatMap((name) => this.managedCluster(name) ?? []);
        return [...brought, ...managed].map((cluster) => {
            const controlPlane = this.store.get<ControlPlaneAddress>(`controlPlanes/${cluster.key}`);
            return controlPlane ? { ...cluster, controlPlane } : cluster;
        });
    }

    /** Puts a real Kubernetes behind a cluster, from now on. */
    setControlPlane(clusterKey: string, controlPlane: ControlPlaneAddress): void {
        this.store.put(`controlPlanes/${clusterKey}`, controlPlane);
    }

    removeControlPlane(clusterKey: string): void {
        this.store.delete(`controlPlanes/${clusterKey}`);
    }

    /** The cluster of an address: its own, or that of the Kubernetes that really stands behind it. */
    clusterAt(server: string): Cluster | undefined {
        const address = server.replace(/\/$/, "");
        return this.clusters().find((cluster) => cluster.server === address || cluster.controlPlane?.address === address);
    }

    /** The Kubernetes objects of a cluster. */
    objects(clusterKey: string): Objects {
        return new Objects(this.store, clusterKey);
    }

    addRepository(
        repository: Pick<Repository, "fullName" | "id" | "ownerId" | "private" | "plan"> & {
            defaultBranch?: string;
            branches?: string[];
        },
    ): void {
        const defaultBranch = repository.defaultBranch ?? "main";
        const complete = { ...repository, defaultBranch, branches: repository.branches ?? [defaultBranch] };
        this.store.put(`github/${repository.fullName}`, complete satisfies Repository);
    }

    /** A team of an organization on GitHub, `owner/team-slug`. */
    addTeam(name: string, id: number): void {
        this.store.put(`teams/${name}`, { id });
    }

    repository(fullName: string): Repository | undefined {
        return this.store.get<Repository>(`github/${fullName}`);
    }

    repositories(): Repository[] {
        const names = this.store.names("github").filter((name) => name.split("/").length === 3);
        return names.flatMap((name) => this.store.get<Repository>(name) ?? []);
    }

    private managedCluster(resource: string): Cluster | undefined {
        const cluster = this.store.get<Values>(resource);
        const [, project, , location, , name] = resource.split("/");
        const number = this.project(project)?.number;
        return (
            cluster && {
                key: `${project}/${location}/${name}`,
                server: clusterServer(cluster),
                admins: [],
                nodeMember: `serviceAccount:${nodeServiceAccount(cluster) ?? `${number}-compute@developer.gserviceaccount.com`}`,
                resource,
            }
        );
    }
}

const bootstrapApis = ["serviceusage", "cloudresourcemanager", "storage", "cloudkms"].map((name) => `${name}.googleapis.com`);
