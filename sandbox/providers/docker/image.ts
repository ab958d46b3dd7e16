import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { dockerCredentials } from "../../../core/registry/dockerConfig";
import { parseReference } from "../../../core/registry/reference";
import { type DockerApi, DockerError } from "../../docker/api";
import { readContext } from "../../docker/context";
import { ProviderError, type Values } from "../double";
import { isKnown } from "../values";

/** Inputs of a `docker.Image` once they are checked. */
interface ImageInputs {
    imageName: string;
    build: { context: string; dockerfile: string; platform: string; args?: Record<string, string> };
    registry?: { server?: string; username?: string; password?: string };
}

/**
 * The inputs with the provider's defaults, and with a hash of the build context among them: so a changed file is a difference.
 * Paths are seen from the folder that the engine started the provider in, which is the project's.
 *
 * @throws ProviderError in the provider's words where there is no Dockerfile
 */
export function checkedImage(news: Values): Values {
    const given = (news.build ?? {}) as Record<string, unknown>;
    const context = given.context ?? ".";
    const dockerfile = given.dockerfile ?? (typeof context === "string" ? join(context, "Dockerfile") : undefined);
    const build = {
        ...given,
        context,
        dockerfile,
        platform: given.platform ?? `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
    };
    if (news.skipPush === true || news.buildOnPreview === true) {
        throw new ProviderError("the sandbox's docker pushes what it builds, and builds nothing in a preview");
    }
    if (typeof context !== "string" || typeof dockerfile !== "string" || !isKnown([context, dockerfile])) {
        return { ...news, build };
    }
    if (!existsSync(dockerfile)) {
        throw new ProviderError(
            `could not open dockerfile at relative path ${JSON.stringify(dockerfile)}: stat ${dockerfile}: no such file or directory`,
        );
    }
    return { ...news, build: { ...build, contextDigest: readContext(context).digest } };
}

/**
 * Builds the image and pushes it as whoever the inputs name, else as docker's own configuration says.
 *
 * @throws ProviderError in the words of the daemon or the registry
 */
export async function buildAndPush(daemon: DockerApi, inputs: Values): Promise<Values> {
    const { imageName, build, registry = {} } = inputs as unknown as ImageInputs;
    const { context, platform, args = {} } = build;
    const dockerfile = relative(context, build.dockerfile);
    const { host, repository } = parseReference(imageName);
    try {
        await daemon.build({ context: readContext(context).archive(), dockerfile, name: imageName, args, platform });
        const digest = await daemon.push(imageName, { ...(await loginOf(registry, host)), serveraddress: host });
        return {
            ...{ dockerfile, context, platform, imageName, baseImageName: imageName },
            ...{ registryServer: registry.server ?? "", repoDigest: `${host}/${repository}@${digest}` },
        };
    } catch (error) {
        throw error instanceof DockerError ? new ProviderError(error.message) : error;
    }
}

async function loginOf({ username, password }: NonNullable<ImageInputs["registry"]>, host: string) {
    if (username && password) {
        return { username, password };
    }
    const known = await dockerCredentials().for(host);
    return known && "username" in known ? { username: known.username, password: known.password } : {};
}
