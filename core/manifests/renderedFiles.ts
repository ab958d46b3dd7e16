import { stringify } from "yaml";
import { imageRepository } from "../release/addresses";
import { catalogImages, serviceOf } from "../release/lock";
import type { Catalog, Environment, Settings } from "../settings/model";
import { renderDefaultDeny } from "./networkPolicy";
import { renderObjects } from "./renderObjects";

/**
 * The manifests of an environment to read, `<environment>/<service>.yaml` → text, and those of the namespace beside them. Built images
 * have the tag that the configuration asks for, as their digests are decided at `pulumi up`; images of others have their digest.
 * Equal settings give equal bytes.
 */
export function renderedFiles({ project, catalog, target }: Settings): ReadonlyMap<string, string> {
    if (target.kind !== "environment") {
        throw new Error("a platform stack deploys no services");
    }
    const { environment } = target;
    const context = {
        environment: environment.name,
        cloudProject: environment.project,
        namespace: environment.namespace,
        partOf: project,
        services: catalog.services,
        image: (imageName: string) => unresolvedImage(environment, catalog, imageName),
        commit: (service: string) => {
            const { build, image } = catalog.services[service];
            return build || image.from === "thirdParty" ? undefined : sha(requested(environment, service));
        },
    };
    const services = Object.values(catalog.services).map((service): [string, string] => {
        const comment = headline(environment, service.name, catalog);
        return [`${environment.name}/${service.name}.yaml`, text(comment, renderObjects(service, context))];
    });
    const shared = text([`What every service in ${environment.name} shares.`], [renderDefaultDeny(context)]);
    return new Map([...services, [`${environment.name}/default-deny.yaml`, shared]]);
}

/** The commit that the configuration asks for: the service's own pin, else the environment's. */
function requested({ commit, pins }: Environment, service: string): string | undefined {
    return pins[service] ?? commit;
}

function sha(commit: string | undefined): string | undefined {
    return commit !== undefined && /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
}

function unresolvedImage(environment: Environment, catalog: Catalog, imageName: string): string {
    const repository = imageRepository(environment, imageName);
    const image = catalogImages(catalog)[imageName];
    if (image.from === "thirdParty") {
        return `${repository}@${image.digest}`;
    }
    const service = serviceOf(imageName);
    const commit = catalog.services[service].build ? undefined : requested(environment, service);
    return commit === undefined ? repository : `${repository}:${commit}`;
}

function headline(environment: Environment, name: string, { services }: Catalog): string[] {
    const first = `${name} in ${environment.name}, as the configuration describes it.`;
    if (services[name].image.from === "thirdParty") {
        return [first, `Mirrored from ${services[name].image.source}.`];
    }
    if (services[name].build) {
        return [first, `build: local: pulumi up -s ${environment.name} builds it from this working copy, and pins the digest.`];
    }
    const commit = requested(environment, name);
    return commit === undefined
        ? [first, "commit is unset: nothing is deployed."]
        : [first, `pulumi up decides which digest ${commit} means, and pins it.`];
}

function text(comment: readonly string[], objects: readonly object[]): string {
    const documents = objects.map((object) => stringify(object, asAnyReads));
    return `${comment.map((line) => `# ${line}\n`).join("")}${documents.map((document) => `---\n${document}`).join("")}`;
}

/** kubectl reads YAML 1.1, where `yes` and `0644` are no texts: those stand in quotes. */
const asAnyReads = { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" } as const;
