import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

/** A resource as the engine would have been asked for it. */
export interface Registered {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
    /** Names of what must be there before it, sorted, as `<type>:<name>`: `Deployment:europe-west1-cart`. */
    dependsOn: string[];
}

let registered: Registered[] = [];
const dependencies = new Map<string, string[]>();

// What a mock is told of a resource leaves out what it depends on.
const { registerResource } = MockMonitor.prototype;
MockMonitor.prototype.registerResource = function (this: MockMonitor, request: RegisterResourceRequest, ...rest: unknown[]) {
    dependencies.set(`${request.getType()} ${request.getName()}`, request.getDependenciesList().map(shortName).sort());
    return (registerResource as (...all: unknown[]) => Promise<void>).call(this, request, ...rest);
};

pulumi.runtime.setMocks(
    {
        newResource: ({ type, name, inputs }) => {
            registered.push({ type, name, inputs, dependsOn: dependencies.get(`${type} ${name}`) ?? [] });
            return { id: `${name}-id`, state: { ...inputs, ...answered(type, name, inputs) } };
        },
        call: ({ token, inputs }) => lookedUp(token, inputs),
    },
    "acme-shop",
    "test",
);

/** Runs a program under mocks; gives every resource that it registered, in the order of their names. */
export async function record(program: () => unknown): Promise<Registered[]> {
    registered = [];
    await program();
    // Registrations started by outputs of others come late: wait until none is under way.
    await pulumi.runtime.disconnect();
    return [...registered].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
}

/** The registered resources of one type: name → inputs. */
export function ofType(resources: readonly Registered[], type: string): Record<string, Registered["inputs"]> {
    return Object.fromEntries(resources.filter((resource) => resource.type === type).map(({ name, inputs }) => [name, inputs]));
}

function shortName(urn: string): string {
    const [, , types, name] = urn.split("::");
    return `${types.split(":").at(-1)}:${name}`;
}

export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise((resolve) => output.apply(resolve));
}

/** What Google and Docker answer beyond the inputs. */
function answered(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
    switch (type) {
        case "gcp:serviceaccount/account:Account": {
            const email = `${String(inputs.accountId)}@${String(inputs.project)}.iam.gserviceaccount.com`;
            return {
                email,
                member: `serviceAccount:${email}`,
                name: `projects/${String(inputs.project)}/serviceAccounts/${email}`,
            };
        }
        case "gcp:container/cluster:Cluster":
            return { controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: `${name}.gke.goog` } } };
        case "gcp:artifactregistry/repository:Repository":
            return { name: inputs.repositoryId };
        case "gcp:projects/iAMCustomRole:IAMCustomRole":
            return { name: `projects/${String(inputs.project)}/roles/${String(inputs.roleId)}` };
        case "gcp:iam/workloadIdentityPool:WorkloadIdentityPool":
            return { name: `projects/100/locations/global/workloadIdentityPools/${String(inputs.workloadIdentityPoolId)}` };
        case "docker:index/image:Image":
            return { repoDigest: `${String(inputs.imageName).replace(/:[^:/]*$/, "")}@sha256:${"b".repeat(64)}` };
        default:
            return { selfLink: `https://compute/${name}` };
    }
}

function lookedUp(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
    switch (token) {
        case "github:index/getRepository:getRepository":
            return { ...inputs, repoId: 7001 };
        case "github:index/getUser:getUser":
            return { ...inputs, id: "42" };
        case "github:index/getTeam:getTeam":
            return { ...inputs, id: "77" };
        case "gcp:organizations/getProject:getProject":
            return { ...inputs, number: "100" };
        case "gcp:kms/getKMSCryptoKeyVersion:getKMSCryptoKeyVersion":
            return {
                ...inputs,
                publicKeys: [{ algorithm: "EC_SIGN_P256_SHA256", pem: `public key of ${String(inputs.cryptoKey)}` }],
            };
        default:
            throw new Error(`the test answers no ${token}`);
    }
}
