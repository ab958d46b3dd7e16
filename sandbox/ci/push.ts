import type { Credentials } from "../../core/registry/credentials";
import { parseReference } from "../../core/registry/reference";
import type { Image } from "../registry/images";
import { pushImage } from "../registry/push";

/** The builder's `docker push`: by digest, as whoever the credentials say. */
export function pushAs(credentials: Credentials): (repository: string, image: Image) => Promise<void> {
    return async (name, image) => {
        const { host, repository } = parseReference(name);
        const credential = await credentials.for(host);
        if (credential && "identityToken" in credential) {
            throw new Error(
                `${credential.source} holds an identity token for ${host}: the sandbox pushes with user name and password only`,
            );
        }
        const authorization =
            credential && `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString("base64")}`;
        await pushImage({ address: host, repository }, image, [], authorization);
    };
}
