import assert from "node:assert/strict";
import { join } from "node:path";
import { renderService, type WorkloadObjects } from "../../core/manifests/workload";
import { imageNames } from "../../core/release/lock";
import { readSettings } from "../../core/settings/load";
import type { Catalog } from "../../core/settings/model";
import { restrictedViolations } from "./manifestsRestricted";

/** All services of the checkout's `services.yaml` in one environment, and the image names that rendering asked for. */
function renderCatalog(environment: string): { catalog: Catalog; workloads: WorkloadObjects[]; images: string[] } {
    const { catalog, project } = readSettings({ directory: join(__dirname, "..", ".."), stack: environment });
    const images: string[] = [];
    const image = (imageName: string) => (images.push(imageName), `registry.example/${imageName}@sha256:${"5".repeat(64)}`);
    const context = {
        environment,
        cloudProject: "acme-stage",
        namespace: "shop",
        partOf: project,
        services: catalog.services,
        image,
    };
    return { catalog, workloads: Object.values(catalog.services).map((service) => renderService(service, context)), images };
}

for (const environment of ["dev", "stage", "prod"]) {
    describe(`The services of services.yaml in ${environment}`, () => {
        let rendered: ReturnType<typeof renderCatalog>;
        before(() => {
            rendered = renderCatalog(environment);
        });

        it("are twelve workloads, and no two objects of a kind have one name", () => {
            const objects = rendered.workloads.flatMap((workload) => Object.values(workload));
            assert.equal(objects.filter(({ kind }) => kind === "Deployment").length, 12);
            const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
            assert.deepEqual(
                names.filter((name, index) => names.indexOf(name) !== index),
                [],
            );
        });

        it("ask for each image that a lock is total over, once", () => {
            assert.deepEqual(rendered.images.sort(), imageNames(rendered.catalog));
        });

        it("meet the Pod Security Standard `restricted`", () => {
            for (const { deployment } of rendered.workloads) {
                assert.deepEqual(restrictedViolations(deployment!.spec.template.spec), []);
            }
        });

        it("say addresses under which another service of the catalog listens", () => {
            const offered = new Set(
                rendered.workloads.flatMap(
                    ({ service }) => service?.spec.ports.map(({ port }) => `${service.metadata.name}:${port}`) ?? [],
                ),
            );
            const said = rendered.workloads.flatMap(({ deployment }) => {
                const { containers, initContainers = [] } = deployment!.spec.template.spec;
                return [...containers, ...initContainers].flatMap(({ env = [] }) => env.map(({ value = "" }) => value));
            });
            const addresses = said.filter((value) => /^[a-z][a-z0-9-]*:\d+$/.test(value));
            // Online Boutique's frontend wants this one set although the assistant is an optional part that its manifests leave out.
            const unknown = addresses.filter((address) => !offered.has(address));
            assert.deepEqual(unknown, ["shoppingassistantservice:80"]);
            assert.equal(addresses.length, 18);
        });

        it("send each port of a Service to a port that the container has, by number", () => {
            for (const { deployment, service, exposure } of rendered.workloads) {
                const open = deployment!.spec.template.spec.containers[0].ports?.map(({ containerPort }) => containerPort) ?? [];
                const targets = [service, exposure].flatMap((one) => one?.spec.ports.map(({ targetPort }) => targetPort) ?? []);
                assert.deepEqual(
                    targets.filter((target) => !open.includes(target)),
                    [],
                );
            }
        });
    });
}
