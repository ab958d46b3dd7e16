import type { Digest } from "../registry/reference";
import { canonicalJson } from "../release/lock";
import { releaseRepository, type Release } from "../release/release";
import { releasedTag } from "../release/publish";
import type { TagText } from "../release/tagText";

/** Who makes a release, and in which run. */
export interface Run {
    /** What ran: a workflow's file on GitHub with its ref, or a person. As a URI. */
    builder: string;
    /** Address of the run. Absent: a person made it. */
    invocation?: string;
    /** Where the source repositories are: `https://github.com`. */
    server: string;
}

/** What in-toto calls a statement about an artifact, here with SLSA's provenance as what is said. */
export interface Statement {
    _type: typeof statementType;
    subject: readonly { name: string; digest: { sha256: string } }[];
    predicateType: typeof provenanceType;
    predicate: object;
}

export const statementType = "https://in-toto.io/Statement/v1";
export const provenanceType = "https://slsa.dev/provenance/v1";
/** `payloadType` of a signed statement. */
export const statementMediaType = "application/vnd.in-toto+json";
/** How releases are made: from a tag of the operations repository, of images that were built before. */
export const releaseBuildType = "https://oneflow.dev/build/release/v1";

/**
 * What is known of how a release came to be. The same release made by the same run has the same statement.
 *
 * @param digest digest of the release's manifest
 * @param tag what the text of its git tag says
 */
export function provenanceOf(release: Release, digest: Digest, { waivers, set }: TagText, run: Run): Statement {
    const { project, version, deploy, lock } = release;
    const { repository, commit } = lock.source;
    const source = `${run.server}/${repository}`;
    const images = Object.entries(lock.images)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, image]) => ({
            name,
            uri: `${deploy}/${name}:${releasedTag(image, lock)}@${image.digest}`,
            digest: { sha256: hex(image.digest) },
        }));
    return {
        _type: statementType,
        subject: [{ name: releaseRepository("deploy", project), digest: { sha256: hex(digest) } }],
        predicateType: provenanceType,
        predicate: {
            buildDefinition: {
                buildType: releaseBuildType,
                externalParameters: {
                    version: `v${version}`,
                    source: { repository: source, commit },
                    tag: { unproven: waivers.unproven, withoutHotfix: waivers.hotfixes, ...(set !== undefined && { set }) },
                },
                resolvedDependencies: [{ uri: `git+${source}@refs/tags/v${version}`, digest: { gitCommit: commit } }, ...images],
            },
            runDetails: {
                builder: { id: run.builder },
                ...(run.invocation !== undefined && { metadata: { invocationId: run.invocation } }),
            },
        },
    };
}

/** A statement's bytes, which are what is signed. */
export function statementBytes(statement: Statement): Buffer {
    return Buffer.from(canonicalJson(statement));
}

function hex(digest: Digest): string {
    return digest.slice("sha256:".length);
}
