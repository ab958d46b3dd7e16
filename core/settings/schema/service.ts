import { z } from "zod";
import { health } from "./health";
import {
    absolutePath,
    annotationName,
    bytes,
    contextFolder,
    cpu,
    dataKey,
    duration,
    environmentName,
    filePath,
    folder,
    googleIdentity,
    hostName,
    kubernetesServiceName,
    label,
    objectName,
    optional,
    pinnedImage,
    port,
    portName,
    repository,
    schedule,
    schemaLabel,
    schemaLabelOrNone,
    secretId,
    secretVersion,
    serviceName,
    text,
    variableName,
} from "./names";

const amounts = {
    cpu: optional(cpu, "CPU that is reserved: `100m`."),
    memory: optional(bytes, "Memory that is reserved: `64Mi`."),
};
const resources = z.strictObject({
    ...amounts,
    limits: optional(
        z.strictObject({ cpu: optional(cpu, "CPU at most."), memory: optional(bytes, "Memory at most.") }),
        "What the container may use at most.",
        { default: "what is reserved" },
    ),
});
const user = z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .meta({ expected: "a numeric user id from 1 up; 0 is root, which no workload runs as" });
const annotations = z.record(annotationName, z.string());
const replicas = z.int().min(0).max(10000).meta({ expected: "a whole number of pods, 0 or more" });
const texts = z.array(z.string()).meta({ expected: "a list of texts" });

const variable = z
    .union([
        z.string(),
        z.strictObject({
            secret: optional(objectName, "Name of a Kubernetes Secret in the environment's namespace. With `key`."),
            key: optional(dataKey, "Key in that Secret."),
            secretManager: optional(
                secretId,
                "Secret of Secret Manager in the environment's Google Cloud project. With `version`.",
            ),
            version: optional(secretVersion, "Number of that secret's version."),
        }),
    ])
    .meta({ expected: "a text" });
const env = z.record(variableName, variable);

const ports = z
    .record(
        portName,
        z
            .union([
                port,
                z.strictObject({
                    port: port.meta({ description: "Port of the Kubernetes Service." }),
                    target: optional(port, "Port of the container.", { default: "the same" }),
                }),
            ])
            .meta({ expected: "a port number, or { port: 80, target: 8080 }" }),
    )
    .meta({ expected: "ports by name: { http: 80 } or { http: { port: 80, target: 8080 } }" });

const source = z
    .union([
        folder,
        z.strictObject({
            repository: optional(repository, "GitHub repository, `owner/name`.", { default: "`defaults.repository`" }),
            path: folder.meta({ description: "Folder of the build context." }),
            dockerfile: optional(folder, "The Dockerfile, seen from `path`.", { default: "`Dockerfile`" }),
            args: optional(z.record(variableName, z.string()), "Build arguments."),
            alsoBuildFrom: optional(
                z.array(contextFolder),
                "Further folders of the repository that the image is built from, `[protos]`. A change there makes a new image. The Dockerfile reaches one by its path in lower case, before a stage or an image of that name: `COPY --from=protos shop.proto /`.",
            ),
        }),
    ])
    .meta({ expected: "a folder of the repository, or { repository, path, dockerfile, args, alsoBuildFrom }" });

const claim = z
    .strictObject({
        size: bytes.meta({ description: "How large the volume is." }),
        storageClass: optional(objectName, "Its storage class.", { default: "the cluster's default one" }),
    })
    .meta({ expected: "a claim: { size: 10Gi, storageClass: premium-rwo }" });

const volume = z.strictObject({
    mount: absolutePath.meta({ description: "Where the container sees the folder." }),
    sizeLimit: optional(bytes, "How large the folder may become.", { default: "no bound of its own" }),
    memory: optional(z.boolean(), "Whether the folder is held in memory.", { default: "false" }),
    claim: optional(claim, "A volume of each pod's own that outlives it, instead of an empty folder. For `kind: stateful`."),
    secret: optional(objectName, "A Kubernetes Secret whose keys are the files, for reading only, instead of an empty folder."),
    versions: optional(
        z
            .record(
                dataKey,
                z.strictObject({
                    secretManager: secretId.meta({
                        description: "Secret of Secret Manager in the environment's Google Cloud project.",
                    }),
                    version: secretVersion.meta({ description: "Number of that secret's version." }),
                }),
            )
            .meta({ expected: "files by name: { tls.key: { secretManager: shop-tls-key, version: 1 } }" }),
        "Versions of Secret Manager's secrets as files by name, in memory and for reading only, instead of an empty folder.",
    ),
});

const initContainer = z.strictObject({
    name: label.meta({ description: "Name of the container, other than the service's." }),
    image: pinnedImage.meta({ description: "Third-party image by digest; mirrored and promoted like all others." }),
    command: optional(texts, "Command instead of the image's."),
    args: optional(texts, "Arguments instead of the image's."),
    env: optional(env, "Environment variables."),
});

const exposeWays = z.enum(["loadBalancer", "internal", "gateway"]).meta({ expected: "loadBalancer, internal or gateway" });
const expose = z
    .union([
        exposeWays,
        z.strictObject({
            type: exposeWays.meta({
                description:
                    "How traffic comes in: from the internet by `loadBalancer`, from the network by `internal`, by host name through a `gateway`.",
            }),
            name: optional(kubernetesServiceName, "Name of the second Kubernetes Service, or of the route and its Gateway.", {
                default: "`<service>-external`",
            }),
            ports: optional(ports, "Its ports; a bare number leads to the service's port of that name. Not with a gateway.", {
                default: "the service's ports",
            }),
            host: optional(hostName, "Host name behind the gateway. Needed with one, and only there."),
            port: optional(portName, "Name of the service's port behind the gateway.", { default: "its only one" }),
            gateway: optional(
                text(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/, "a Gateway: name or namespace/name"),
                "A Gateway that is there already, and ends TLS itself. One of `gateway` and `tls`.",
            ),
            tls: optional(objectName, "Kubernetes Secret with the host's certificate: oneflow makes a Gateway of its own with it."),
            class: optional(objectName, "Class of the Gateway that oneflow makes.", {
                default: "`gke-l7-global-external-managed`",
            }),
        }),
    ])
    .meta({ expected: "loadBalancer, internal, or { type: gateway, host, tls }" });

const files = z.record(filePath, z.string());

const pods = z.int().min(1).max(10000).meta({ expected: "a whole number of pods, 1 or more" });
const autoscale = z
    .strictObject({
        min: pods.meta({ description: "Fewest pods." }),
        max: pods.meta({ description: "Most pods." }),
        cpu: optional(
            z.int().min(1).max(1000).meta({ expected: "a percentage from 1 to 1000" }),
            "Percentage of the reserved CPU that the pods are held at.",
            { default: "80" },
        ),
    })
    .meta({ expected: "bounds: { min: 2, max: 10, cpu: 80 }" });

const scheduled = z
    .union([
        schedule,
        z.strictObject({
            cron: schedule.meta({ description: "When, minute first." }),
            timezone: optional(
                text(/^[A-Za-z][-+_A-Za-z0-9]*(\/[-+_A-Za-z0-9]+)*$/, "a time zone: Europe/Berlin"),
                "Whose clock is meant.",
                { default: "UTC" },
            ),
        }),
    ])
    .meta({ expected: 'a schedule: "30 3 * * 1-5", or { cron, timezone }' });

const job = z
    .strictObject({
        command: optional(texts, "Command instead of the image's."),
        args: optional(texts, "Arguments instead of the image's."),
        env: optional(env, "Variables to add to the service's, or replace."),
        timeout: optional(duration, "How long it may take, further tries included.", { default: "10m" }),
    })
    .meta({ expected: "a job: { command: [/app, migrate], args, env, timeout }" });

const override = z.strictObject({
    replicas: optional(replicas, "Number of pods there."),
    resources: optional(resources, "What differs in resources; the rest stays."),
    env: optional(env, "Variables to add or replace."),
    files: optional(files, "Files to add or replace."),
    annotations: optional(annotations, "Annotations to add or replace."),
    identity: optional(googleIdentity, "Google service account of the pods there."),
    autoscale: optional(autoscale, "Bounds for the number of pods there, instead of `replicas`."),
});

export const service = z.strictObject({
    source: optional(
        source,
        "What the image is built from: a folder of the repository, or more precisely an object. One of `source` and `image`.",
    ),
    image: optional(
        pinnedImage,
        "A third-party image by digest, mirrored and promoted like all others. One of `source` and `image`.",
    ),
    kind: optional(
        z.enum(["service", "worker", "cron", "stateful"]).meta({ expected: "service, worker, cron or stateful" }),
        "`service` has ports, `worker` has none, `cron` runs by its `schedule`, `stateful` has ports, and names and volumes that stay.",
        { default: "`service`" },
    ),
    port: optional(
        port,
        "The one port of container and Kubernetes Service. It is named `grpc`, `http` or `tcp`, as `health` says.",
    ),
    ports: optional(ports, "Ports by name, instead of `port`: `{ http: { port: 80, target: 8080 } }`."),
    health: optional(
        health,
        "How a healthy pod is known: `grpc`, `tcp`, `/path` or a check with times, for readiness and liveness alike or apart.",
        { default: "no probes" },
    ),
    env: optional(
        env,
        "Environment variables: texts, so numbers and booleans stand in quotes. Never a secret's value. `$(NAME)` is the value of another one, wherever it stands.",
    ),
    resources: optional(resources, "CPU and memory.", { default: "`defaults.resources`" }),
    replicas: optional(replicas, "Number of pods.", { default: "1" }),
    volumes: optional(
        z.record(label, volume),
        "Folders by name: empty ones that live as long as the pod, a Secret's keys, or volumes that outlive it.",
    ),
    init: optional(z.array(initContainer), "Containers that run to their end, in this order, before the service starts."),
    expose: optional(
        expose,
        "Traffic from outside the cluster, by a second Kubernetes Service: from the internet, or from the network alone.",
        { default: "inside only" },
    ),
    command: optional(texts, "Command instead of the image's."),
    args: optional(texts, "Arguments instead of the image's."),
    annotations: optional(annotations, "Annotations of the pods, added to `defaults.annotations`."),
    terminationGracePeriod: optional(duration, "How long a pod may take to end.", { default: "30s" }),
    user: optional(user, "Numeric user and group of the process and group of its volumes.", {
        default: "`defaults.user`, else what the image says, which must not be root",
    }),
    environments: optional(z.record(environmentName, override), "What differs in an environment, by its name."),
    schedule: optional(scheduled, "When a `cron` runs. A run that is due while one runs is left out."),
    manifests: optional(
        folder,
        "Folder of the service's own Kubernetes manifests, seen from `services.yaml`, instead of the keys that describe its pods: images are pinned in them, labels added.",
    ),
    calls: optional(
        z.array(serviceName).meta({ expected: "a list of services of this file" }),
        "Services of this file that this one calls. All other traffic between pods is denied.",
        { default: "it calls none" },
    ),
    unrestrictedEgress: optional(
        z.boolean(),
        "Whether its pods may also call anything outside: the internet, other namespaces, the cloud's own services. Services of this file still need `calls`.",
        { default: "false" },
    ),
    autoscale: optional(autoscale, "Bounds for the number of pods, instead of `replicas`."),
    identity: optional(
        googleIdentity,
        "Google service account that the pods act as. It exists already; the platform lets the service's Kubernetes account use it.",
        { default: "none: the pods have no right in Google Cloud" },
    ),
    files: optional(files, "Files for the container: absolute path → text. A changed file restarts the pods."),
    after: optional(
        z.array(serviceName).meta({ expected: "a list of services of this file" }),
        "Services whose rollout ends before this one's begins, where a promotion moves them forward.",
        { default: "all at once" },
    ),
    migrate: optional(
        job,
        "A job with the new image that must succeed before its rollout; only where a promotion moves the service's image forward. It must bear being run twice.",
    ),
    verify: optional(job, "A job with the new image that must succeed after its rollout, before the promotion counts as healthy."),
    build: optional(
        z.enum(["local"]).meta({ expected: "local" }),
        "`local`: built from this working copy at `pulumi up`, in the first environment only; refused everywhere else, and never part of a commit that is built. Its `migrate` and `verify` do not run, and no run is recorded.",
        { default: "the pipeline builds it" },
    ),
    schema: optional(
        schemaLabel,
        "Label of the database schema that this version was written for, and that its `migrate` leaves: best the number of its last migration, since numbers are in order. A version of an earlier schema comes back only where `compatibleWith` says so.",
        { default: "the service's database is nobody's business here" },
    ),
    compatibleWith: optional(
        z.array(schemaLabelOrNone).meta({ expected: "a list of schema labels" }),
        "Labels of earlier schemas whose versions can run on this `schema` too; `none` for versions that declare no schema.",
        { default: "no other version can" },
    ),
});

/** `services.yaml`. */
export const services = z
    .strictObject({
        $schema: optional(z.string(), "Address of this schema, for editors."),
        defaults: optional(
            z.strictObject({
                repository: optional(repository, "GitHub repository of a `source`, `owner/name`."),
                resources: optional(resources, "CPU and memory of a service that says nothing else."),
                user: optional(user, "Numeric user of a service that says nothing else."),
                annotations: optional(annotations, "Annotations of all pods."),
            }),
            "What holds for all services that say nothing else.",
        ),
        services: z.record(serviceName, service).meta({
            description: "One entry is one microservice's whole pipeline: how it is built, run and promoted.",
        }),
    })
    .meta({ title: "services.yaml of oneflow" });

export type ServicesFile = z.infer<typeof services>;
export type ServiceEntry = z.infer<typeof service>;
export type OverrideEntry = z.infer<typeof override>;
export type ResourcesEntry = z.infer<typeof resources>;
export type PortsEntry = z.infer<typeof ports>;
export type EnvEntry = z.infer<typeof env>;
export type ExposeEntry = Exclude<z.infer<typeof expose>, string>;
export type JobEntry = z.infer<typeof job>;
export type AutoscaleEntry = z.infer<typeof autoscale>;
export type InitEntry = z.infer<typeof initContainer>;
