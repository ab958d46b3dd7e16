import fc from "fast-check";
import type { Digest } from "../../core/registry/reference";
import type { Job, Port, Probe, Resources, Service, ServiceOverride, ThirdPartyImage } from "../../core/settings/model";

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,9}){0,2}$/);
const portNumber = fc.integer({ min: 1, max: 65535 });
const seconds = fc.integer({ min: 1, max: 600 });
const texts = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/), fc.string(), { maxKeys: 4 });
const env = fc.dictionary(
    fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/),
    fc.oneof(
        fc.string(),
        fc.record({ secret: name, key: name }),
        fc.record({ secretManager: fc.stringMatching(/^[-_A-Za-z0-9]{1,12}$/), version: fc.integer({ min: 1, max: 99 }) }),
    ),
    { maxKeys: 4 },
);
const files = fc.dictionary(fc.stringMatching(/^(\/[a-z][a-z0-9.]{0,6}){1,3}$/), fc.string(), { maxKeys: 3 });
const command = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 });
const resources: fc.Arbitrary<Resources> = fc.record(
    { cpu: fc.constantFrom("50m", "1"), memory: fc.constantFrom("64Mi", "1Gi") },
    { requiredKeys: [], noNullPrototype: true },
);
const allResources: fc.Arbitrary<Service["resources"]> = fc.record(
    { requests: resources, limits: resources },
    { noNullPrototype: true },
);
const port: fc.Arbitrary<Port> = fc.record({ name, port: portNumber, target: portNumber });
const ports = (minLength: number) =>
    fc.uniqueArray(port, { minLength, maxLength: 4, comparator: (a, b) => a.name === b.name || a.port === b.port });

const probe: fc.Arbitrary<Probe> = fc
    .tuple(
        fc.oneof(
            fc.record({ grpc: fc.record({ port: portNumber }) }),
            fc.record({ tcp: fc.record({ port: portNumber }) }),
            fc.record({ http: fc.record({ port: portNumber, path: fc.webPath(), headers: texts }) }),
            fc.record({ exec: command }),
        ),
        fc.record(
            {
                initialDelaySeconds: seconds,
                periodSeconds: seconds,
                timeoutSeconds: seconds,
                failureThreshold: fc.integer({ min: 1, max: 60 }),
            },
            { requiredKeys: [], noNullPrototype: true },
        ),
    )
    .map(([check, timing]) => ({ check, ...timing }));

const thirdParty: fc.Arbitrary<ThirdPartyImage> = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => {
    const digest: Digest = `sha256:${hex}`;
    return { from: "thirdParty", source: `redis@${digest}`, digest };
});

const autoscale = fc.record({ min: fc.integer({ min: 1, max: 3 }), max: fc.integer({ min: 3, max: 9 }), cpu: fc.constant(80) });
const job: fc.Arbitrary<Job> = fc.record(
    { command, args: command, env, timeoutSeconds: seconds },
    { requiredKeys: ["env", "timeoutSeconds"], noNullPrototype: true },
);
const override: fc.Arbitrary<ServiceOverride> = fc.record(
    {
        replicas: fc.integer({ min: 0, max: 9 }),
        autoscale,
        resources: allResources,
        env,
        files,
        annotations: texts,
    },
    { requiredKeys: [], noNullPrototype: true },
);

const anyKind: fc.Arbitrary<Service> = fc.record(
    {
        name,
        kind: fc.constantFrom("service", "worker", "cron", "stateful"),
        image: thirdParty,
        ports: ports(0),
        probes: fc.record({ startup: probe, readiness: probe, liveness: probe }, { requiredKeys: [], noNullPrototype: true }),
        command,
        args: command,
        env,
        files,
        resources: allResources,
        replicas: fc.integer({ min: 0, max: 9 }),
        autoscale,
        schedule: fc.constantFrom({ cron: "@daily" }, { cron: "30 3 * * 1-5", timezone: "Europe/Berlin" }),
        volumes: fc.uniqueArray(
            fc
                .record({ name, memory: fc.boolean(), sizeLimit: fc.option(fc.constant("1Gi"), { nil: undefined }) })
                .chain((volume) =>
                    fc.constantFrom(
                        volume,
                        { name: volume.name, memory: false, secret: volume.name },
                        {
                            name: volume.name,
                            memory: false,
                            versions: { "tls.key": { secretManager: volume.name, version: 1 } },
                        },
                        { name: volume.name, memory: false, claim: { size: "1Gi", storageClass: "fast" } },
                    ),
                )
                .map((volume) => ({ ...volume, mountPath: `/${volume.name}` })),
            { maxLength: 3, selector: (volume) => volume.name },
        ),
        init: fc.uniqueArray(
            fc.record(
                { name, image: thirdParty, command, args: command, env },
                { requiredKeys: ["name", "image", "env"], noNullPrototype: true },
            ),
            { maxLength: 2, selector: (container) => container.name },
        ),
        expose: fc.oneof(
            fc.record({
                type: fc.constant("gateway" as const),
                name,
                ports: fc.tuple(port),
                route: fc.constantFrom(
                    { host: "shop.example.com", gateway: { name: "shared", namespace: "infra" } },
                    { host: "shop.example.com", gateway: { tls: "shop-cert", class: "gke-l7-rilb" } },
                ),
            }),
            fc.record({ type: fc.constantFrom("loadBalancer" as const, "internal" as const), name, ports: ports(1) }),
        ),
        annotations: texts,
        terminationGracePeriodSeconds: fc.integer({ min: 0, max: 600 }),
        user: fc.integer({ min: 1, max: 65535 }),
        calls: fc.subarray(["checkoutservice", "frontend", "redis-cart"]),
        migrate: job,
        verify: job,
        identity: fc.constant("cart@acme-prod.iam.gserviceaccount.com"),
        unrestrictedEgress: fc.constant(true as const),
        environments: fc.dictionary(fc.constantFrom("dev", "prod"), override, { maxKeys: 2 }),
    },
    {
        noNullPrototype: true,
        requiredKeys: [
            ...(["name", "kind", "image", "ports", "probes", "env", "resources", "replicas", "volumes", "init"] as const),
            ...(["annotations", "terminationGracePeriodSeconds", "environments"] as const),
        ],
    },
);

/** Every service that the settings let through, and some that they would not. */
export const anyService: fc.Arbitrary<Service> = anyKind.map((service) => {
    const { schedule = { cron: "@hourly" }, ...others } = service;
    const { kind, autoscale: bounds, volumes, ...constant } = others;
    const stateless = volumes.filter(({ claim }) => claim === undefined);
    switch (kind) {
        case "cron":
            delete constant.expose;
            return { ...constant, kind, schedule, volumes: stateless, ports: [], probes: {}, replicas: 1, environments: {} };
        case "stateful":
            return { ...others };
        default:
            return { ...constant, kind, volumes: stateless, ...(bounds && { autoscale: bounds }) };
    }
});
