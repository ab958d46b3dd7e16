import { Refusal, type Problem } from "../refusal";
import { digestOf } from "../registry/contents";
import type { Bundle, Layer } from "../registry/model";
import { parseReference } from "../registry/reference";
import { packChart, unpackChart, type ChartMetadata } from "./chart";
import { compareObjects } from "./compareObjects";
import { DocumentReader, type Fields } from "./documentReader";
import { packKustomization, unpackKustomization } from "./kustomization";
import { canonicalJson, imageSet, lockArtifactType, setKey, type Lock } from "./lock";
import { parseLock, serializeLock } from "./lockDocument";
import { manifestText } from "./manifestText";
import {
    chartConfigType,
    chartLayerType,
    kustomizationLayerType,
    releaseName,
    releaseRepository,
    releaseSchema,
    type Release,
} from "./release";
import { releaseObjects } from "./releaseObjects";
import { isVersion } from "./version";

/**
 * A release as bytes: equal releases have equal bytes, whoever makes them and whenever. Helm knows it as a chart and leaves the other
 * two layers alone.
 *
 * The chart names the digests of lock and kustomization, so the three cannot be parted.
 *
 * @throws Refusal with everything that is wrong with the release, a lock that is not total included
 */
export function releaseBundle(release: Release): Bundle {
    refuseUnreleasable(release);
    const { project, version, deploy, target } = release;
    const lock = serializeLock(release.lock);
    // Rendered is what the bytes say, never what this process happens to hold: keys may stand in another order there.
    const objects = releaseObjects({ ...release, lock: parseLock(lock) });
    const texts = [...objects].map(
        ([file, each]) => [file, manifestText(each, { namespace: target.namespace, registry: deploy })] as const,
    );
    const kustomization = packKustomization({
        namespace: target.namespace,
        registry: deploy,
        images: imageSet(release.lock.images),
        resources: new Map(texts.map(([file, { plain }]) => [file, plain])),
    });
    const metadata: ChartMetadata = {
        apiVersion: "v2",
        name: releaseName(project),
        type: "application",
        version,
        appVersion: version,
        description: `${project} v${version}: every service by digest`,
        annotations: annotationsOf(release, lock, kustomization),
    };
    const chart = packChart(metadata, new Map(texts.map(([file, { template }]) => [file, template])), deploy);
    return {
        config: { mediaType: chartConfigType, content: Buffer.from(canonicalJson(metadata)) },
        layers: [
            { mediaType: chartLayerType, content: chart },
            { mediaType: lockArtifactType, content: lock },
            { mediaType: kustomizationLayerType, content: kustomization },
        ],
    };
}

/**
 * Reads a release and holds it to everything that it promises: a total lock; chart and kustomization that deploy the very same
 * objects, with the lock's images, no more and no fewer; nothing added and no byte changed.
 *
 * How objects are rendered is not checked: that is the business of the version that made the release.
 *
 * @param what names the release in the report: its address where it was pulled from
 * @throws Refusal with what is wrong with it
 */
export function parseRelease({ config, layers }: Bundle, what = "Release"): Release {
    const title = `${what} cannot be read`;
    const reader = new DocumentReader(title);
    const types = [chartLayerType, lockArtifactType, kustomizationLayerType];
    reader.expect("config", config.mediaType, config.mediaType === chartConfigType, chartConfigType);
    const found = layers.map(({ mediaType }) => mediaType);
    reader.expect("layers", found, canonicalJson(found) === canonicalJson(types), types.join(", "));
    reader.finish();

    const [chartLayer, lockLayer, kustomizationLayer] = layers;
    const release = readMetadata(reader, config, parseLock(lockLayer.content, `${what}'s lock`));
    reader.finish();

    const { lock } = release;
    const written = canonicalJson(annotationsOf(release, lockLayer.content, kustomizationLayer.content));
    const annotations = (JSON.parse(config.content.toString("utf8")) as ChartMetadata).annotations;
    reader.expect("config.annotations", annotations, canonicalJson(annotations) === written, written);
    reader.expect("lock", digestOf(lockLayer.content), serializeLock(lock).equals(lockLayer.content), "its canonical bytes");
    const chart = readLayer(title, "chart", chartLayer, (bytes) => unpackChart(bytes, releaseName(release.project)));
    const kustomization = readLayer(title, "kustomization", kustomizationLayer, unpackKustomization);
    reader.expect("chart", chart.metadata, chart.metadata === config.content.toString("utf8"), "a Chart.yaml that is the config");
    compareObjects(reader, chart, kustomization, release);
    reader.finish();
    return release;
}

const key = (name: string) => `oneflow.dev/${name}`;

/** What the chart says of the release beside its name and version. */
function annotationsOf(
    { project, deploy, target, lock }: Release,
    lockBytes: Buffer,
    kustomization: Buffer,
): Record<string, string> {
    const { environment, cloudProject, namespace } = target;
    const facts = {
        schema: releaseSchema,
        project,
        deploy,
        environment,
        cloudProject,
        namespace,
        commit: lock.source.commit,
        set: setKey(imageSet(lock.images)),
        lock: digestOf(lockBytes),
        kustomization: digestOf(kustomization),
    };
    return Object.fromEntries(Object.entries(facts).map(([name, fact]) => [key(name), fact]));
}

function refuseUnreleasable({ project, version, deploy, lock, target }: Release): void {
    parseLock(lock, `Lock of release v${version}`);
    const repository = releaseRepository(deploy, project);
    const problems: Problem[] = [
        ...(isVersion(version)
            ? []
            : [{ subject: "version", message: `${JSON.stringify(version)} is no version; expected X.Y.Z or X.Y.Z-<pre-release>` }]),
        ...(isRepositoryAddress(repository)
            ? []
            : [
                  {
                      subject: "project",
                      message: `${repository} cannot be a repository in a registry, nor ${project} a chart's name`,
                  },
              ]),
        ...Object.entries(target)
            .filter(([, value]) => value === "")
            .map(([name]) => ({ subject: `target.${name}`, message: "is empty; expected a name" })),
    ];
    if (problems.length > 0) {
        throw new Refusal(`Release v${version} refused, nothing was changed`, problems);
    }
}

function isRepositoryAddress(address: string): boolean {
    try {
        const { host, repository, tag, digest } = parseReference(address);
        return tag === undefined && digest === undefined && address === `${host}/${repository}`;
    } catch {
        // That it does not parse is the answer.
        return false;
    }
}

/** What the config says, with nothing that it does not hold. */
function readMetadata(reader: DocumentReader, { content }: Layer, lock: Lock): Release {
    const metadata = reader.fields("config", json(content), keys);
    const annotations = reader.fields("config.annotations", metadata.annotations);
    const schema = annotations[key("schema")];
    reader.expect("schema", schema, schema === releaseSchema, `"${releaseSchema}": written by another version of oneflow`);
    reader.finish();
    const text = (name: string) => {
        reader.text(`config.annotations.${name}`, annotations[key(name)]);
        return String(annotations[key(name)]);
    };
    const release: Release = {
        project: text("project"),
        version: String(metadata.version),
        deploy: text("deploy"),
        lock,
        target: { environment: text("environment"), cloudProject: text("cloudProject"), namespace: text("namespace") },
    };
    const { project, version } = release;
    reader.expect("config.version", metadata.version, isVersion(version), "a version X.Y.Z");
    const fixed: Fields = {
        apiVersion: "v2",
        name: releaseName(project),
        type: "application",
        appVersion: version,
        description: `${project} v${version}: every service by digest`,
    };
    for (const [name, value] of Object.entries(fixed)) {
        reader.expect(`config.${name}`, metadata[name], metadata[name] === value, JSON.stringify(value));
    }
    return release;
}

const keys = ["apiVersion", "name", "type", "version", "appVersion", "description", "annotations"];

function json(content: Buffer): unknown {
    try {
        return JSON.parse(content.toString("utf8"));
    } catch {
        // The reader reports a text where it expects an object.
        return content.toString("utf8");
    }
}

function readLayer<T>(title: string, subject: string, { content }: Layer, read: (bytes: Buffer) => T): T {
    try {
        return read(content);
    } catch (error) {
        throw new Refusal(title, [{ subject, message: `is damaged: ${(error as Error).message}.` }]);
    }
}
