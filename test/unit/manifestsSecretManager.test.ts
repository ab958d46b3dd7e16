import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import type { Container } from "../../core/manifests/objects";
import { versionKey } from "../../core/manifests/secretVersions";
import { renderService, type RenderContext } from "../../core/manifests/workload";
import type { EnvValue, Service } from "../../core/settings/model";
import { kinds } from "../../sandbox/providers/kubernetes/kinds";
import { schemaOf } from "../../sandbox/providers/kubernetes/schema";
import { misfits } from "../../sandbox/providers/kubernetes/shape";
import { objectFaults } from "../../sandbox/providers/kubernetes/validate";
import { anyService } from "./manifestsAnyService";
import { podTemplates } from "./manifestsPods";
import { checkoutservice, loadgenerator, services } from "./manifestsServices";

const stage: RenderContext = {
    environment: "stage",
    cloudProject: "acme-stage",
    namespace: "shop",
    partOf: "acme-shop",
    services,
    image: (imageName) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`,
};
const render = (service: Service, more: Partial<RenderContext> = {}) => renderService(service, { ...stage, ...more });
const password = { secretManager: "checkout-db", version: 7 };
const paying: Service = {
    ...checkoutservice,
    env: { PORT: "5050", PASSWORD: password, AGAIN: password, API_KEY: { secretManager: "PAYMENT_KEY", version: 12 } },
    environments: {},
};

describe("Folders from Secret Manager", () => {
    const key = { secretManager: "shop-tls-key", version: 3 };
    const certificate = { secretManager: "shop-tls", version: 1 };
    const tls = { name: "tls", mountPath: "/tls", memory: false, versions: { "tls.key": key, "tls.crt": certificate } };
    const serving: Service = { ...loadgenerator, volumes: [tls], verify: { env: {}, timeoutSeconds: 60 } };

    it("are mounted by GKE's driver as files, for reading only, in every container and job", () => {
        const rendered = render(serving);
        const name = "loadgenerator-tls-f1288e23";
        assert.deepEqual(rendered.secretVolumes, [
            {
                apiVersion: "secrets-store.csi.x-k8s.io/v1",
                kind: "SecretProviderClass",
                metadata: { name, namespace: "shop", labels: rendered.serviceAccount.metadata.labels },
                spec: {
                    provider: "gke",
                    parameters: {
                        secrets:
                            '- resourceName: "projects/acme-stage/secrets/shop-tls/versions/1"\n  path: "tls.crt"\n' +
                            '- resourceName: "projects/acme-stage/secrets/shop-tls-key/versions/3"\n  path: "tls.key"\n',
                    },
                },
            },
        ]);
        for (const { spec } of podTemplates(rendered)) {
            assert.deepEqual(spec.volumes, [
                {
                    name: "tls",
                    csi: {
                        driver: "secrets-store-gke.csi.k8s.io",
                        readOnly: true,
                        volumeAttributes: { secretProviderClass: name },
                    },
                },
            ]);
            for (const { volumeMounts } of [...spec.containers, ...(spec.initContainers ?? [])]) {
                assert.deepEqual(volumeMounts, [{ name: "tls", mountPath: "/tls", readOnly: true }]);
            }
        }
        assert.equal(rendered.secretSync, undefined, "no Secret is made of what no variable holds");
    });

    it("of two services are two objects, however their names meet", () => {
        const named = (service: string, volume: string) =>
            render({ ...serving, name: service, volumes: [{ ...tls, name: volume }] }).secretVolumes![0].metadata.name;
        assert.notEqual(named("cart", "db-tls"), named("cart-db", "tls"));
    });

    it("restart the pods for another version or file, and for nothing else", () => {
        const pod = (versions: Record<string, typeof key>) =>
            render({ ...serving, volumes: [{ ...tls, versions }] }).deployment!.spec.template.spec;
        const now = pod(tls.versions);
        assert.notDeepEqual(pod({ ...tls.versions, "tls.key": { ...key, version: 4 } }), now);
        assert.notDeepEqual(pod({ "key.pem": key, "tls.crt": certificate }), now);
        assert.deepEqual(pod({ "tls.crt": certificate, "tls.key": key }), now);
    });
});

describe("Variables from Secret Manager", () => {
    it("are read by a class of the environment's project, made a Secret as the service's own account, and referred to", () => {
        const rendered = render(paying);
        const metadata = {
            name: "checkoutservice-secret-2d09976c",
            namespace: "shop",
            labels: rendered.serviceAccount.metadata.labels,
        };
        assert.deepEqual(rendered.secretClass, {
            apiVersion: "secrets-store.csi.x-k8s.io/v1",
            kind: "SecretProviderClass",
            metadata,
            spec: {
                provider: "gke",
                parameters: {
                    secrets:
                        '- resourceName: "projects/acme-stage/secrets/PAYMENT_KEY/versions/12"\n  path: "PAYMENT_KEY.12"\n' +
                        '- resourceName: "projects/acme-stage/secrets/checkout-db/versions/7"\n  path: "checkout-db.7"\n',
                },
            },
        });
        assert.deepEqual(rendered.secretSync, {
            apiVersion: "secret-sync.gke.io/v1",
            kind: "SecretSync",
            metadata,
            spec: {
                serviceAccountName: "checkoutservice",
                secretProviderClassName: metadata.name,
                secretObject: {
                    type: "Opaque",
                    data: [
                        { sourcePath: "PAYMENT_KEY.12", targetKey: "PAYMENT_KEY.12" },
                        { sourcePath: "checkout-db.7", targetKey: "checkout-db.7" },
                    ],
                },
            },
        });
        const from = (key: string) => ({ secretKeyRef: { name: metadata.name, key } });
        assert.deepEqual(rendered.deployment!.spec.template.spec.containers[0].env, [
            { name: "AGAIN", valueFrom: from("checkout-db.7") },
            { name: "API_KEY", valueFrom: from("PAYMENT_KEY.12") },
            { name: "PASSWORD", valueFrom: from("checkout-db.7") },
            { name: "PORT", value: "5050" },
        ]);
    });

    it("restart the pods for another version, and for nothing else", () => {
        const template = (env: Record<string, EnvValue>) => render({ ...paying, env }).deployment!.spec.template.spec;
        const nameIn = (env: Record<string, EnvValue>) => render({ ...paying, env }).secretSync!.metadata.name;
        const { PASSWORD, API_KEY } = paying.env;
        const next = { PASSWORD: { ...password, version: 8 }, API_KEY };
        assert.notDeepEqual(template(next), template({ PASSWORD, API_KEY }));
        assert.notEqual(
            nameIn(next),
            nameIn({ PASSWORD, API_KEY }),
            "a Secret with the old value must not be there under the name",
        );
        assert.equal(nameIn({ API_KEY, PASSWORD, PORT: "1" }), nameIn({ PASSWORD, API_KEY }));
        assert.deepEqual(render(paying, { cloudProject: "acme-prod" }).deployment, render(paying).deployment);
    });

    it("are in one Secret for the service, its init containers and its jobs, whether a migration runs or not", () => {
        const owner = { secretManager: "checkout-owner", version: 1 };
        const probe = { secretManager: "probe", version: 3 };
        const [wait] = loadgenerator.init;
        const service: Service = {
            ...paying,
            init: [{ ...wait, env: { TOKEN: probe } }],
            migrate: { env: { PASSWORD: owner }, timeoutSeconds: 60 },
            verify: { env: {}, timeoutSeconds: 60 },
        };
        const rendered = render(service);
        const { name } = rendered.secretSync!.metadata;
        assert.deepEqual(
            rendered.secretSync!.spec.secretObject.data.map(({ targetKey }) => targetKey),
            ["PAYMENT_KEY.12", "checkout-db.7", "checkout-owner.1", "probe.3"],
        );
        const keys = ({ env = [] }: Container) =>
            env.flatMap(({ name: variable, valueFrom }) => {
                assert.equal(valueFrom?.secretKeyRef.name ?? name, name);
                return valueFrom ? [`${variable} ${valueFrom.secretKeyRef.key}`] : [];
            });
        const all = ["AGAIN checkout-db.7", "API_KEY PAYMENT_KEY.12", "PASSWORD checkout-db.7"];
        assert.deepEqual(rendered.deployment!.spec.template.spec.initContainers!.flatMap(keys), ["TOKEN probe.3"]);
        assert.deepEqual(rendered.migrate!.spec.template.spec.containers.flatMap(keys), [
            ...all.slice(0, 2),
            "PASSWORD checkout-owner.1",
        ]);
        assert.deepEqual(rendered.verify!.spec.template.spec.containers.flatMap(keys), all);
        assert.deepEqual(render(service, { migrates: () => false }).deployment, rendered.deployment);
    });

    it("have the version that an environment gives them", () => {
        const service = { ...paying, environments: { prod: { env: { API_KEY: { secretManager: "PAYMENT_KEY", version: 2 } } } } };
        assert.match(render(service, { environment: "prod" }).secretClass!.spec.parameters.secrets, /PAYMENT_KEY\/versions\/2"/);
        assert.match(render(service).secretClass!.spec.parameters.secrets, /PAYMENT_KEY\/versions\/12"/);
    });

    it("are the only reason for either object", () => {
        const { secretClass, secretSync } = render({ ...checkoutservice, env: { PASSWORD: { secret: "db", key: "password" } } });
        assert.deepEqual([secretClass, secretSync], [undefined, undefined]);
    });

    it("may be of the longest service and of any secret: names fit labels, and keys what GKE takes", () => {
        const { secretSync } = render({ ...paying, name: "a".repeat(46) });
        assert.equal(secretSync!.metadata.name.length, 62);

        const key = (secretManager: string) => versionKey({ secretManager, version: 1 });
        assert.deepEqual(["db", "DB_PASSWORD", "db-password"].map(key), ["db.1", "DB_PASSWORD.1", "db-password.1"]);
        assert.deepEqual(["a_b", "_db", "db__x"].map(key), ["4fdcd0adc23a2882", "8419ae6ee7cf287d", "cb8ae2c0b6be8679"]);
    });

    it("are all there, under keys that GKE takes, for every service", () => {
        const kind = (name: string) => kinds.find((one) => one.kind === name)!;
        fc.assert(
            fc.property(anyService, (service) => {
                const rendered = render(service);
                const { secretClass, secretSync, secretVolumes = [] } = rendered;
                for (const object of [secretClass, secretSync, ...secretVolumes].filter((one) => one !== undefined)) {
                    const plain = JSON.parse(JSON.stringify(object));
                    assert.deepEqual(misfits(plain, schemaOf(object.kind)), []);
                    assert.deepEqual(objectFaults(kind(object.kind), plain), []);
                }
                const listed = (secretClass ? parse(secretClass.spec.parameters.secrets) : []) as { path: unknown }[];
                const synced = (secretSync?.spec.secretObject.data ?? []).map(({ sourcePath }) => sourcePath);
                assert.deepEqual(
                    listed.map(({ path }) => path),
                    synced,
                );
                const containers = podTemplates(rendered).flatMap(({ spec }) => [
                    ...spec.containers,
                    ...(spec.initContainers ?? []),
                ]);
                for (const { valueFrom } of containers.flatMap(({ env = [] }) => env)) {
                    const { name, key } = valueFrom?.secretKeyRef ?? {};
                    assert.ok(
                        name !== secretSync?.metadata.name || key === undefined || synced.includes(key),
                        `${key} is not there`,
                    );
                }
            }),
            { numRuns: 60 },
        );
    });
});
