import type { Cloud } from "../cloud";
import { signingVersion } from "../cloud/signingKeys";
import { diffInputs } from "../diff";
import {
    ProviderError,
    type CheckRequest,
    type CheckResult,
    type ProviderDouble,
    type ProviderInstance,
    type Values,
} from "../double";
import { isKnown, merge, projection, text } from "../values";
import { googleError, type ClusterHost, type GcpKind, type Place } from "./kind";
import { kindOf, serviceVerb, storageOf } from "./kinds";

/**
 * Plays the package `gcp` for one member: what that member may not do is refused.
 * An `accessToken` in the provider's configuration stands for its own member instead.
 */
export function gcpDouble(cloud: Cloud, member: string, clusters?: ClusterHost): ProviderDouble {
    return {
        name: "gcp",
        version: "9.37.0",
        configure: async (config) => {
            const who = config.accessToken === undefined ? member : cloud.identify(config.accessToken);
            if (who === undefined) {
                throw googleError(401, "Request had invalid authentication credentials. Expected OAuth 2 access token, authError");
            }
            return new GcpInstance(cloud, who, config, clusters);
        },
    };
}

class GcpInstance implements ProviderInstance {
    constructor(
        private readonly cloud: Cloud,
        private readonly member: string,
        private readonly config: Readonly<Record<string, string>>,
        private readonly clusters?: ClusterHost,
    ) {}

    check({ token, name, olds, news, seed }: CheckRequest): CheckResult {
        const kind = kindOf(token);
        const generated = kind.required.includes("name")
            ? { name: text(olds, "name") ?? `${name}-${seed.toString("hex").slice(0, 7)}` }
            : {};
        const location: Place = {
            cloud: this.cloud,
            member: this.member,
            project: "",
            number: "",
            region: this.config.region,
            zone: this.config.zone,
        };
        const project =
            this.config.project === undefined || token === "gcp:projects/iAMMember:IAMMember"
                ? {}
                : { project: this.config.project };
        const inputs: Values = { ...project, ...generated, ...kind.defaults?.(news, location), ...news };
        const missing = kind.required.filter((property) => inputs[property] === undefined);
        return {
            inputs,
            failures: [
                ...missing.map((property) => ({
                    property,
                    reason: `Missing required argument: "${property}" of ${kind.title} ${name}`,
                })),
                ...(kind.faults?.(inputs) ?? []).filter((fault) => fault !== undefined),
            ],
        };
    }

    diff({ token, oldInputs, inputs, ignore }: { token: string; oldInputs: Values; inputs: Values; ignore: readonly string[] }) {
        const { replaceOn, required } = kindOf(token);
        // Two resources of one name cannot stand beside each other.
        return diffInputs(oldInputs, inputs, {
            replaceOn,
            ignore,
            deleteBeforeReplace: required.includes("name") && oldInputs.name === inputs.name,
        });
    }

    async create({ token, inputs, preview }: { token: string; inputs: Values; preview: boolean }) {
        const kind = kindOf(token);
        if (preview) {
            return { id: "", outputs: { ...(kind.unanswered?.(inputs) ?? inputs), ...this.planned(kind, inputs) } };
        }
        const place = this.place(kind, inputs);
        this.authorise(kind, "create", inputs, place);
        for (const reference of kind.references?.(inputs, place) ?? []) {
            if (!this.exists(reference.name)) {
                throw googleError(
                    404,
                    `Error creating ${kind.title}: The resource '${reference.name}' was not found (its ${reference.what}), notFound`,
                );
            }
        }
        kind.admit?.(inputs, place);
        if (storageOf(kind).conflicts(inputs, place)) {
            throw googleError(
                409,
                `Error creating ${kind.title}: The resource '${kind.name(inputs, place)}' already exists, alreadyExists`,
            );
        }
        const outputs = this.write(kind, inputs, place);
        try {
            await kind.settle?.(outputs, place);
        } catch (error) {
            storageOf(kind).remove(outputs, place);
            throw new ProviderError(`Error waiting for creating ${kind.title} ${kind.name(inputs, place)}: ${String(error)}`);
        }
        return { id: kind.id?.(inputs, place) ?? kind.name(inputs, place), outputs };
    }

    async read({ token, id, inputs, outputs }: { token: string; id: string; inputs: Values; outputs: Values }) {
        const kind = kindOf(token);
        const place = this.place(kind, outputs);
        if (!storageOf(kind).found(outputs, place)) {
            return undefined;
        }
        const live = kind.storage ? {} : this.cloud.resource<Values>(kind.name(outputs, place))!;
        return { id, inputs: projection(inputs, { ...inputs, ...live }) as Values, outputs: { ...outputs, ...live } };
    }

    async update({ token, inputs, oldOutputs, preview }: { token: string; inputs: Values; oldOutputs: Values; preview: boolean }) {
        const kind = kindOf(token);
        if (preview) {
            return merge(oldOutputs, { ...inputs, ...this.planned(kind, inputs) });
        }
        const place = this.place(kind, inputs);
        this.authorise(kind, "update", inputs, place);
        const name = kind.name(inputs, place);
        if (!kind.storage && !this.exists(name)) {
            throw googleError(404, `Error updating ${kind.title}: The resource '${name}' was not found, notFound`);
        }
        kind.admit?.(inputs, place);
        const outputs = this.write(kind, inputs, place);
        await kind.settle?.(outputs, place);
        return outputs;
    }

    async delete({ token, outputs }: { token: string; outputs: Values }) {
        const kind = kindOf(token);
        const place = this.place(kind, outputs);
        if (outputs.deletionPolicy === "ABANDON") {
            return;
        }
        if (outputs.deletionPolicy === "PREVENT") {
            throw new ProviderError(`cannot destroy ${kind.title} ${kind.name(outputs, place)}: its deletion_policy is PREVENT`);
        }
        this.authorise(kind, "delete", outputs, place);
        kind.remove?.(outputs, place);
        await kind.stop?.(outputs, place);
        storageOf(kind).remove(outputs, place);
    }

    async invoke(token: string, args: Values): Promise<Values> {
        if (token === "gcp:kms/getKMSCryptoKeyVersion:getKMSCryptoKeyVersion") {
            return this.keyVersion(`${String(args.cryptoKey)}/cryptoKeyVersions/${String(args.version ?? 1)}`);
        }
        if (token !== "gcp:organizations/getProject:getProject") {
            throw new ProviderError(`the sandbox's gcp has no function ${token}`);
        }
        const id = String(args.projectId ?? this.config.project);
        const project = this.cloud.project(id);
        if (!project || !this.cloud.allows(this.member, "resourcemanager.projects.get", `projects/${project.id}`)) {
            throw googleError(
                403,
                `Error when reading or editing Project ${JSON.stringify(id)}: The caller does not have permission, forbidden`,
            );
        }
        return {
            id: `projects/${project.id}`,
            projectId: project.id,
            number: project.number,
            name: project.id,
            labels: {},
            orgId: "",
            folderId: "",
        };
    }

    private keyVersion(name: string): Values {
        const permission = "cloudkms.cryptoKeyVersions.viewPublicKey";
        if (!this.cloud.allows(this.member, permission, name)) {
            throw googleError(403, `Permission '${permission}' denied on resource '${name}' (or it may not exist)., forbidden`);
        }
        const version = signingVersion(this.cloud, name);
        if (!version) throw googleError(404, `${name} not found., notFound`);
        const { algorithm, state, publicKey } = version;
        return { id: name, name, algorithm, state, protectionLevel: "SOFTWARE", publicKeys: [{ algorithm, pem: publicKey }] };
    }

    private write(kind: GcpKind, inputs: Values, place: Place): Values {
        const outputs = { ...inputs, ...kind.planned?.(inputs, place), ...kind.answers?.(inputs, place) };
        storageOf(kind).write(outputs, place);
        return outputs;
    }

    private planned(kind: GcpKind, inputs: Values): Values {
        const place = {
            cloud: this.cloud,
            member: this.member,
            project: String(inputs.project ?? ""),
            number: "",
            region: this.config.region,
        };
        return isKnown(inputs) ? (kind.planned?.(inputs, place) ?? {}) : {};
    }

    private exists(name: string): boolean {
        return this.cloud.resource(name) !== undefined;
    }

    /** The resource's project, which has to exist: no project is made here. */
    private place(kind: GcpKind, inputs: Values): Place {
        const holder = kind.token.startsWith("gcp:kms/")
            ? /^projects\/([^/]+)\//.exec(String(inputs.keyRing ?? inputs.cryptoKeyId ?? ""))
            : undefined;
        const named =
            holder?.[1] ??
            this.bucketProject(kind, inputs) ??
            text(inputs, "project")?.replace(/^projects\//, "") ??
            this.config.project;
        if (named === undefined) {
            throw new ProviderError(
                `project: required field is not set, and the provider has none: pulumi config set gcp:project <project>`,
            );
        }
        const project = this.cloud.project(named);
        if (!project) {
            throw googleError(403, `Permission denied on resource project ${named} (or it may not exist)., forbidden`);
        }
        return {
            cloud: this.cloud,
            member: this.member,
            project: project.id,
            number: project.number,
            region: this.config.region,
            zone: this.config.zone,
            clusters: this.clusters,
        };
    }

    private bucketProject(kind: GcpKind, inputs: Values): string | undefined {
        return kind.token.startsWith("gcp:storage/bucketIAM")
            ? this.cloud.resource<{ project: string }>(`buckets/${inputs.bucket}`)?.project
            : undefined;
    }

    private authorise(kind: GcpKind, verb: "create" | "update" | "delete", inputs: Values, place: Place): void {
        if (!this.exists(`projects/${place.project}/services/${kind.api}`)) {
            const title = kind.api.replace(".googleapis.com", "");
            throw googleError(
                403,
                `${title} API has not been used in project ${place.number} before or it is disabled. ` +
                    `Enable it by visiting https://console.developers.google.com/apis/api/${kind.api}/overview?project=${place.number} then retry., SERVICE_DISABLED`,
            );
        }
        const permission = kind.permission.endsWith("Policy") ? kind.permission : `${kind.permission}.${serviceVerb(kind, verb)}`;
        const on =
            verb === "create" && !kind.permission.endsWith("Policy") ? `projects/${place.project}` : kind.name(inputs, place);
        if (!this.cloud.allows(this.member, permission, on)) {
            throw googleError(
                403,
                `Permission '${permission}' denied on resource '//${kind.api}/${on}' (or it may not exist) for ${this.member}., forbidden`,
            );
        }
    }
}
