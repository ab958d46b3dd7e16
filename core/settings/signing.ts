import { readPublicKey, type PublicKey } from "../signing/publicKey";
import type { EnvironmentFile } from "./environments";
import type { Findings, Path } from "./findings";
import type { Delivery, Signing } from "./model";
import type { PlatformEntry } from "./schema/stack";
import { stateKeyRing } from "./state";

/** Key that releases are signed with, unless the settings name another: the platform makes it. */
export function releaseKey({ project, region }: Pick<Delivery, "project" | "region">): string {
    return `projects/${project}/locations/${region}/keyRings/${stateKeyRing}/cryptoKeys/releases`;
}

/** The key of a version of it. */
export function keyOfVersion(version: string): string {
    return version.replace(/\/cryptoKeyVersions\/[^/]+$/, "");
}

/** How releases are signed, with each public key read. */
export function readSigning(
    { key, publicKeys = [] }: NonNullable<PlatformEntry["signing"]>,
    place: Pick<Delivery, "project" | "region">,
    path: Path,
    findings: Findings,
): Signing {
    const read = publicKeys.flatMap((text, index): PublicKey[] => {
        try {
            return [readPublicKey(text)];
        } catch (error) {
            findings.add(
                [...path, "publicKeys", index],
                `${(error as Error).message}; expected the public key of an EC_SIGN_P256_SHA256 key, as PEM: -----BEGIN PUBLIC KEY----- …`,
                "pulumi stack output publicKey -s <platform stack>",
            );
            return [];
        }
    });
    return { key: key ?? `${releaseKey(place)}/cryptoKeyVersions/1`, publicKeys: read };
}

/** Refuses environments that ask for signatures where none can be had: then nothing could ever come there. */
export function refuseUnsignable(files: readonly EnvironmentFile[], signing: Signing | undefined, project: string): void {
    for (const { name, entry, unclear, findings } of files.filter(({ entry }) => entry.signed)) {
        const path = [`${project}:environment`, "signed"];
        const remove = `pulumi config rm --path environment.signed -s ${name}`;
        if (entry.promotesFrom === undefined && !unclear) {
            findings.add(path, `goes with promotesFrom: builds arrive in ${name}, and only releases are signed`, remove);
        } else if (!signing) {
            const message = "asks for signed releases, and no release is signed: platform.signing is not set";
            findings.add(
                path,
                message,
                `write signing: {} below platform, and go on as docs/releases.md#signatures says\nor: ${remove}`,
            );
        } else if (signing.publicKeys.length === 0) {
            const message = "asks for signed releases, and platform.signing.publicKeys names no key that could have signed one";
            findings.add(path, message, `pulumi stack output publicKey -s <platform stack>   # write it there\nor: ${remove}`);
        }
    }
}
