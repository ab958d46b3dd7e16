import type { PromotionFacts } from "../../core/promotion/model";
import type { Digest } from "../../core/registry/reference";
import { imageNames, imageSet, lockSchema, setKey, type Lock, type LockedImage } from "../../core/release/lock";
import { runRecordSchema, type RunRecord } from "../../core/release/runRecord";
import type { Catalog, Environment, Service } from "../../core/settings/model";

/** A full commit SHA that starts with the text: `commit("3c2d91a")`. */
export function commit(start: string): string {
    return start.padEnd(40, "0");
}

/** A digest that starts with the hex text. */
export function digest(start: string): Digest {
    return `sha256:${start.padEnd(64, "0")}`;
}

/** Facts where nothing was ever built and nothing ran: a test adds what is known. */
export const nothingKnown: PromotionFacts = {
    locks: {},
    ranHere: new Set(),
    ranBefore: new Set(),
    imagesRanBefore: new Set(),
    tags: [],
    missing: new Set(),
    stretchesBefore: [],
    hotfixes: {},
    now: "2026-01-31T12:00:00.000Z",
    alternatives: [],
};

/** A catalog of built services of acme/shop. A name `cart/wait` gives cart a third-party init container. */
export function catalogOf(...names: string[]): Catalog {
    const services = names.filter((name) => !name.includes("/"));
    return {
        services: Object.fromEntries(
            services.map((name) => [
                name,
                builtService(
                    name,
                    names.filter((other) => other.startsWith(`${name}/`)).map((other) => other.split("/")[1]),
                ),
            ]),
        ),
    };
}

/** The lock of a commit, total over a catalog of its images. */
export function lockOf(
    sha: string,
    images: Record<string, LockedImage>,
    catalog: Catalog = catalogOf(...Object.keys(images)),
): Lock {
    return { schema: lockSchema, source: { repository: "acme/shop", commit: sha, branch: "develop" }, catalog, images };
}

/** The images of a catalog, built by one commit, each with a digest of its own that the seed tells apart. */
export function imagesOf(catalog: Catalog, sha: string, seed = sha): Record<string, LockedImage> {
    return Object.fromEntries(
        imageNames(catalog).map((name, index) => [
            name,
            { commit: sha, digest: digest(`${Buffer.from(name).toString("hex").slice(0, 24)}${index}${seed.slice(0, 12)}`) },
        ]),
    );
}

export function recordOf(environment: string, request: RunRecord["request"], images: RunRecord["images"], at: string): RunRecord {
    return {
        schema: runRecordSchema,
        environment,
        request,
        set: setKey(imageSet(images)),
        images,
        catalog: catalogOf(...Object.keys(images)),
        clusters: [
            {
                name: `shop-${environment}`,
                region: "europe-west1",
                context: `gke_acme-${environment}_europe-west1_shop-${environment}`,
            },
        ],
        namespace: `shop-${environment}`,
        at,
        by: "ada",
    };
}

/** Where releases stand. */
export const deploy = "europe-west1-docker.pkg.dev/acme-delivery/deploy";

const tiers: Record<string, string> = { dev: "develop", stage: "release-candidate", prod: "stable" };

export function environmentOf(name: "dev" | "stage" | "prod"): Environment {
    const before = { dev: undefined, stage: "dev", prod: "stage" }[name];
    return {
        name,
        project: `acme-${name}`,
        region: "europe-west1",
        ...(before ? { promotesFrom: before } : {}),
        registry: `europe-west1-docker.pkg.dev/acme-${name}`,
        tier: tiers[name],
        namespace: `shop-${name}`,
        clusters: [],
        accepts: "commits",
        pins: {},
    };
}

function builtService(name: string, init: readonly string[]): Service {
    return {
        name,
        kind: "service",
        image: {
            from: "source",
            repository: "acme/shop",
            path: `src/${name}`,
            dockerfile: "Dockerfile",
            args: {},
            alsoBuildFrom: [],
        },
        ports: [{ name: "grpc", port: 5050, target: 5050 }],
        probes: {},
        env: {},
        resources: { requests: {}, limits: {} },
        replicas: 1,
        volumes: [],
        init: init.map((container) => ({
            name: container,
            image: { from: "thirdParty", source: "busybox@sha256:…", digest: digest("b0") },
            env: {},
        })),
        annotations: {},
        terminationGracePeriodSeconds: 30,
        environments: {},
    };
}
