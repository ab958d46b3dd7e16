import { posix } from "node:path";
import { buildContexts } from "../../core/settings/buildContexts";
import type { BuiltImage } from "../../core/settings/model";
import type { Repository } from "../git/repository";
import { buildImage, type Image } from "../registry/images";
import { DockerfileError, readDockerfile } from "./dockerfile";
import { type Context, layOut } from "./layout";

/** A commit that gets no image of a service, and why: told with the file and the line where there is one. */
export class BuildFailed extends Error {
    constructor(
        message: string,
        /** What to do about it. */
        readonly remedy = "mend it, commit and push: the new commit is built",
    ) {
        super(message);
        this.name = "BuildFailed";
    }
}

/**
 * Builds a service's image from what a commit holds. Equal trees, arguments and platforms give equal bytes:
 * neither time nor commit stands in the image, so an unchanged service keeps its digest.
 *
 * @throws BuildFailed
 */
export async function buildService(
    git: Repository,
    commit: string,
    image: BuiltImage,
    platforms: readonly string[],
): Promise<Image> {
    const { path, dockerfile, args } = image;
    const folders = Object.entries(buildContexts(image)).map(
        async ([name, at]) => [name, await wholeFolder(git, commit, at)] as const,
    );
    const [context, ...others] = await Promise.all([wholeFolder(git, commit, path), ...folders]);
    const file = posix.join(path, dockerfile);
    if (!Object.hasOwn(context, dockerfile)) {
        throw new BuildFailed(`${file} does not exist in the commit`);
    }
    try {
        const { copies, config } = readDockerfile(context[dockerfile].content.toString(), args);
        return buildImage({ files: layOut(context, copies, Object.fromEntries(others)), config, platforms: [...platforms] });
    } catch (error) {
        throw error instanceof DockerfileError ? new BuildFailed(`${file}:${error.line}: ${error.reason}`) : error;
    }
}

async function wholeFolder(git: Repository, commit: string, path: string): Promise<Context> {
    const files = await git.files(commit, path);
    if (Object.hasOwn(files, ".dockerignore")) {
        throw new BuildFailed(`${posix.join(path, ".dockerignore")} is refused: the sandbox copies the whole build context`);
    }
    return files;
}
