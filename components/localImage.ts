import { Image } from "@pulumi/docker/image";
import * as pulumi from "@pulumi/pulumi";
import { posix } from "node:path";
import { actor } from "../core/facts/process";
import { type Credential, type Credentials, defaultCredentials } from "../core/registry/credentials";
import { workingCopyImage, type Tier } from "../core/release/addresses";
import type { BuiltImage, Catalog, Service } from "../core/settings/model";

/** What a {@link LocalImage} is made from. */
export interface LocalImageArgs {
    /** Where it is pushed to, with its tag. */
    reference: string;
    /** What it is built from, in the working copy that the program runs in. */
    source: Service["image"];
    /** Who pushes it. @default - docker's own configuration knows */
    credential?: Credential;
}

/**
 * A service's image, built by the Docker daemon of this machine from the working copy as it is, and pushed.
 *
 * What it costs must be paid in the inner loop alone: the docker provider looks for a daemon whenever it is configured.
 */
export class LocalImage extends pulumi.ComponentResource {
    /** The image by the tag that it is pushed with, which moves. */
    readonly reference: string;
    /** The image by digest. Not known in a preview in which something changes. */
    readonly pinned: pulumi.Output<string>;

    constructor(name: string, args: LocalImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:LocalImage", name, {}, opts);
        const { reference, source, credential } = args;
        if (source.from !== "source") {
            throw new Error(`${name} has no source: the settings refuse build: local for it`);
        }
        const built = new Image(
            name,
            { imageName: reference, build: localBuild(source), registry: registryLogin(reference, credential) },
            // It stays where it was pushed to, so taking the line out needs no daemon.
            { parent: this, retainOnDelete: true },
        );
        this.reference = reference;
        this.pinned = built.repoDigest;
        this.registerOutputs({ pinned: this.pinned });
    }
}

/**
 * Builds services from the working copy, each under a tag of whoever runs the program: service → image.
 *
 * @throws RegistryError where docker's or Google's credentials cannot be read
 */
export async function buildLocally(
    from: {
        services: readonly string[];
        environment: Tier;
        catalog: Catalog;
        /** @default as all else in a registry is asked for: docker's configuration, else Google's defaults */
        credentials?: Credentials;
    },
    opts: pulumi.ComponentResourceOptions,
): Promise<Readonly<Record<string, LocalImage>>> {
    const { services, environment, catalog, credentials = defaultCredentials() } = from;
    const credential = await credentials.for(environment.registry.split("/")[0]);
    return Object.fromEntries(
        services.map((name) => {
            const reference = workingCopyImage(environment, name, actor(process.env));
            return [name, new LocalImage(name, { reference, source: catalog.services[name].image, credential }, opts)];
        }),
    );
}

/** The build as the docker provider wants it: both paths as they are seen from the project's folder, so no machine's own path is kept. */
export function localBuild({ path, dockerfile, args }: BuiltImage) {
    // What the pipeline builds for, and what the nodes are; a laptop may be another.
    return { context: path, dockerfile: posix.join(path, dockerfile), args: { ...args }, platform: "linux/amd64" };
}

/**
 * The login for a push. A password is a secret of the state, and a short-lived one where Google gave it; a changed one is no change.
 * Where docker keeps a token that only it knows to use, nothing is handed over.
 */
export function registryLogin(reference: string, credential: Credential | undefined) {
    const server = reference.split("/")[0];
    return credential && "username" in credential
        ? { server, username: credential.username, password: pulumi.secret(credential.password) }
        : { server };
}
