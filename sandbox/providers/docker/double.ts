import { DockerApi } from "../../docker/api";
import { diffInputs } from "../diff";
import {
    ProviderError,
    type CheckRequest,
    type DiffRequest,
    type ProviderDouble,
    type ProviderInstance,
    type Values,
} from "../double";
import { buildAndPush, checkedImage } from "./image";

const imageToken = "docker:index/image:Image";

/**
 * Plays the package `docker`: it looks for a daemon when it is configured, as the real one does, and without one nothing goes on.
 * With one it builds images with the daemon's own BuildKit and pushes them. It knows no other resource.
 *
 * @param options.host where the daemon is looked for. @default `DOCKER_HOST`, else `unix:///var/run/docker.sock`
 */
export function dockerDouble(options: { host?: string } = {}): ProviderDouble {
    return {
        name: "docker",
        version: "5.2.0",
        configure: async ({ host = options.host ?? process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock" }) => {
            const daemon = new DockerApi(host);
            if (!(await daemon.answers())) {
                throw new ProviderError(
                    `Error pinging Docker server: Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`,
                );
            }
            return new DockerInstance(daemon);
        },
    };
}

class DockerInstance implements ProviderInstance {
    constructor(private readonly daemon: DockerApi) {}

    check({ token, news }: CheckRequest) {
        requireImage(token);
        return { inputs: checkedImage(news) };
    }

    /** As the real one: by whole properties, and a changed login is no change, since tokens change at every run. */
    diff({ token, oldInputs, inputs, ignore }: DiffRequest) {
        requireImage(token);
        const { changes } = diffInputs(withoutLogin(oldInputs), withoutLogin(inputs), { replaceOn: [], ignore });
        const properties = new Set(Object.keys(changes).map((path) => path.split(/[.[]/, 1)[0]));
        return { changes: Object.fromEntries([...properties].map((name) => [name, { kind: "update" as const, replace: false }])) };
    }

    async create({ token, inputs, preview }: { token: string; inputs: Values; preview: boolean }) {
        requireImage(token);
        return { id: preview ? "" : String(inputs.imageName), outputs: await this.make(inputs, preview) };
    }

    async read({ id, inputs, outputs }: { id: string; inputs: Values; outputs: Values }) {
        return { id, inputs, outputs };
    }

    async update({ token, inputs, preview }: { token: string; inputs: Values; preview: boolean }) {
        requireImage(token);
        return this.make(inputs, preview);
    }

    /** The image stays where it was pushed to. */
    async delete(): Promise<void> {}

    async invoke(token: string): Promise<Values> {
        throw new ProviderError(`the sandbox's docker has no function ${token}`);
    }

    /** In a preview nothing is built, so no digest is known. */
    private make(inputs: Values, preview: boolean): Promise<Values> | Values {
        return preview ? inputs : buildAndPush(this.daemon, inputs);
    }
}

function withoutLogin({ registry, ...inputs }: Values): Values {
    return { ...inputs, registry: { server: (registry as { server?: string } | undefined)?.server } };
}

function requireImage(token: string): void {
    if (token !== imageToken) {
        throw new ProviderError(`the sandbox's docker has no ${token}`);
    }
}
