import type { Chart } from "./chart";
import type { DocumentReader } from "./documentReader";
import { deploysAsTheyAre, type Kustomization } from "./kustomization";
import { canonicalJson, imageSet, type Lock } from "./lock";
import { fillTemplate, isPlainTemplate, templateImages } from "./manifestText";
import type { Release } from "./release";

/** Reports where chart and kustomization would not deploy the very same objects, with the lock's images, and nothing beside them. */
export function compareObjects(reader: DocumentReader, chart: Chart, kustomization: Kustomization, release: Release): void {
    const values = canonicalJson({ namespace: "", registry: release.deploy });
    reader.expect("chart.values", chart.values, canonicalJson(chart.values) === values, values);
    compareImages(reader, chart, release.lock);
    compareResources(reader, chart, kustomization, release);
}

function compareImages(reader: DocumentReader, { templates }: Chart, { images }: Lock): void {
    const deployed = [...templates.values()].flatMap(templateImages);
    for (const { name, digest } of deployed) {
        const locked = Object.hasOwn(images, name) ? images[name].digest : undefined;
        reader.expect(`chart.${name}`, digest, digest === locked, locked ?? "no such image: the lock does not have it");
    }
    for (const name of Object.keys(images).filter((locked) => !deployed.some((image) => image.name === locked))) {
        reader.report(`chart.${name}`, "is deployed by nothing: the lock has it.");
    }
}

function compareResources(
    reader: DocumentReader,
    { templates }: Chart,
    kustomization: Kustomization,
    { deploy, lock, target: { namespace } }: Release,
): void {
    const { resources } = kustomization;
    for (const file of new Set([...templates.keys(), ...resources.keys()])) {
        const template = templates.get(file);
        if (template === undefined || fillTemplate(template, { namespace, registry: deploy }) !== resources.get(file)) {
            reader.report(file, "is not the same in chart and kustomization.");
        } else if (!isPlainTemplate(template)) {
            reader.report(file, "asks more of Helm than a namespace and a registry.");
        }
    }
    if (!deploysAsTheyAre(kustomization, { namespace, registry: deploy, images: imageSet(lock.images) })) {
        reader.report("kustomization", "does not deploy what the chart does: its kustomization.yaml changes it.");
    }
}
