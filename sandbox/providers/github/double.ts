import type { Cloud, Repository } from "../cloud";
import { diffInputs } from "../diff";
import {
    ProviderError,
    type CheckRequest,
    type CheckResult,
    type CreateRequest,
    type DeleteRequest,
    type DiffRequest,
    type ProviderDouble,
    type ProviderInstance,
    type ReadRequest,
    type UpdateRequest,
    type Values,
} from "../double";
import { apiError, kindOf, type GithubKind, type RecordOf } from "./kinds";

/** Plays the package `github`. Without a valid token, from the options or the provider's configuration, everything is 401. */
export function githubDouble(
    cloud: Cloud,
    { token: ownToken, owner: defaultOwner }: { token?: string; owner?: string },
): ProviderDouble {
    return {
        name: "github",
        version: "6.15.0",
        configure: async ({ token = ownToken, owner = defaultOwner }) =>
            new GithubInstance(cloud, token === undefined || token === "" ? undefined : token, owner),
    };
}

class GithubInstance implements ProviderInstance {
    constructor(
        private readonly cloud: Cloud,
        private readonly token: string | undefined,
        private readonly owner: string | undefined,
    ) {}

    check({ token, news }: CheckRequest): CheckResult {
        const { required, defaults } = kindOf(token);
        const missing = required.filter((property) => news[property] === undefined);
        return {
            inputs: { ...defaults?.(), ...news },
            failures: missing.map((property) => ({ property, reason: `Missing required argument: "${property}"` })),
        };
    }

    diff({ token, oldInputs, inputs, ignore }: DiffRequest) {
        return diffInputs(oldInputs, inputs, { replaceOn: kindOf(token).replaceOn, ignore });
    }

    async create({ token, inputs, preview }: CreateRequest) {
        const kind = kindOf(token);
        if (preview) {
            return { id: "", outputs: inputs };
        }
        const repository = this.repository(inputs);
        const exists = this.cloud.store.get(recordName(kind, inputs, repository)) !== undefined;
        // What GitHub is told with PUT may be there already.
        if (exists && !/:(RepositoryEnvironment|ActionsRepositoryAccessLevel|WorkflowRepositoryPermissions)$/.test(token)) {
            throw apiError(409, "POST", repository.fullName, `Already exists - ${kind.id(inputs, repository)}`);
        }
        kind.admit?.(inputs, repository, this.recordsOf(repository), this.recordsOfOwner(repository));
        return { id: kind.id(inputs, repository), outputs: this.write(kind, inputs, repository) };
    }

    async read({ token, id, inputs, outputs }: ReadRequest) {
        const kind = kindOf(token);
        const record = this.cloud.store.get<Values>(recordName(kind, outputs, this.repository(outputs)));
        return (
            record && {
                id,
                inputs: Object.fromEntries(Object.keys(inputs).map((key) => [key, record[key] ?? inputs[key]])),
                outputs: record,
            }
        );
    }

    async update({ token, inputs, oldOutputs, preview }: UpdateRequest) {
        const kind = kindOf(token);
        if (preview) {
            return { ...oldOutputs, ...inputs };
        }
        const repository = this.repository(inputs);
        kind.admit?.(inputs, repository, this.recordsOf(repository), this.recordsOfOwner(repository));
        return this.write(kind, inputs, repository);
    }

    async delete({ token, outputs }: DeleteRequest) {
        const kind = kindOf(token);
        const repository = this.repository(outputs);
        this.cloud.store.delete(recordName(kind, outputs, repository));
    }

    async invoke(token: string, args: Values): Promise<Values> {
        this.requireToken();
        switch (token) {
            case "github:index/getRepository:getRepository": {
                const repository = this.repository({ repository: args.fullName ?? args.name });
                const [owner, name] = repository.fullName.split("/");
                return {
                    id: name,
                    name,
                    fullName: repository.fullName,
                    repoId: repository.id,
                    nodeId: `R_${repository.id}`,
                    private: repository.private,
                    visibility: repository.private ? "private" : "public",
                    defaultBranch: repository.defaultBranch,
                    htmlUrl: `https://github.com/${owner}/${name}`,
                };
            }
            case "github:index/getTeam:getTeam": {
                const { slug } = args;
                const team = this.cloud.store.get<{ id: number }>(`teams/${this.owner}/${slug}`);
                if (!team) {
                    throw apiError(404, "GET", `orgs/${this.owner}/teams/${slug}`, "Not Found");
                }
                return { id: String(team.id), slug, name: slug };
            }
            case "github:index/getOrganization:getOrganization":
            case "github:index/getUser:getUser": {
                const login = String(args.name ?? args.username);
                const owned = this.cloud.repositories().find(({ fullName }) => fullName.split("/")[0] === login);
                if (!owned) {
                    throw apiError(404, "GET", login, "Not Found");
                }
                return {
                    id: String(owned.ownerId),
                    login,
                    name: login,
                    nodeId: `O_${owned.ownerId}`,
                    orgname: login,
                    username: login,
                };
            }
            default:
                throw new ProviderError(`the sandbox's GitHub has no function ${token}`);
        }
    }

    private recordsOf({ fullName }: Repository): RecordOf {
        return <T>(path: string) => this.cloud.store.get<T>(`github/${fullName}/${path}`);
    }

    private recordsOfOwner({ fullName }: Repository): RecordOf {
        return <T>(path: string) => this.cloud.store.get<T>(`organizations/${fullName.split("/")[0]}/${path}`);
    }

    private write(kind: GithubKind, inputs: Values, repository: Repository): Values {
        const outputs = { ...inputs, ...kind.answers(inputs, repository) };
        this.cloud.store.put(recordName(kind, inputs, repository), outputs);
        return outputs;
    }

    private repository(inputs: Values): Repository {
        this.requireToken();
        const given = String(inputs.repository);
        const fullName = given.includes("/") ? given : `${this.owner}/${given}`;
        const found = this.cloud.repository(fullName);
        if (!found) {
            throw apiError(404, "GET", fullName, "Not Found");
        }
        return found;
    }

    private requireToken(): void {
        if (this.token === undefined) {
            throw apiError(401, "GET", this.owner ?? "user", "Bad credentials (set GITHUB_TOKEN or github:token)");
        }
    }
}

const recordName = (kind: GithubKind, inputs: Values, repository: Repository) =>
    `github/${repository.fullName}/${kind.path(inputs, repository)}`;
