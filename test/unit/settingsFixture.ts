import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { type Problem, Refusal } from "../../core/refusal";
import { readSettings } from "../../core/settings/load";
import type { Settings } from "../../core/settings/model";

export const sha = "3c2d91a9f0e84b7d6a5c4e3f2b1a09d8c7e6f5a4";
export const otherSha = "9f8e02b1c3d4e5f60718293a4b5c6d7e8f901234";
export const redis = "redis:8.10.1-alpine@sha256:becdda6c7f4b3fb42e42fd7f120bbf5c54c4caaaf16f26da24e4563d2c1f0576";

/** File name → text, or a value that is written as YAML; nothing: the file is not there. */
export type Files = Record<string, unknown>;

const stackFile = (config: object) => ({ config });

/** A small configuration without a mistake: three environments under one platform, one built service and one of others. */
export const valid: Files = {
    "Pulumi.yaml": {
        name: "shop",
        runtime: "nodejs",
        config: {
            commit: { type: "string", default: "" },
            pins: { type: "object", default: {} },
            environment: { type: "object", default: {} },
            platform: { type: "object", default: {} },
        },
    },
    "services.yaml": {
        defaults: { repository: "acme/shop" },
        services: { cart: { source: "src/cart", port: 7070 }, redis: { image: redis, port: 6379 } },
    },
    "Pulumi.platform.yaml": stackFile({
        "gcp:project": "acme-delivery",
        "gcp:region": "europe-west1",
        "shop:platform": { environments: ["dev", "stage", "prod"], operations: { repository: "acme/shop" } },
    }),
    "Pulumi.dev.yaml": environmentFile("dev"),
    "Pulumi.stage.yaml": environmentFile("stage", { "shop:environment": { promotesFrom: "dev" } }),
    "Pulumi.prod.yaml": environmentFile("prod", { "shop:environment": { promotesFrom: "stage" } }),
};

export function environmentFile(name: string, config: object = {}): object {
    return stackFile({ "gcp:project": `acme-${name}`, "gcp:region": "europe-west1", ...config });
}

export function platformFile(platform: object, config: object = {}): object {
    return stackFile({
        "gcp:project": "acme-delivery",
        "gcp:region": "europe-west1",
        "shop:platform": { operations: { repository: "acme/shop" }, ...platform },
        ...config,
    });
}

/** `services.yaml` with the entries, and the redis of {@link valid}. */
export function catalog(services: object, defaults: object = { repository: "acme/shop" }): Files {
    return { "services.yaml": { defaults, services } };
}

/** Runs with the files of {@link valid}, some of them replaced, in a directory of their own. */
export function withFiles<T>(changes: Files, run: (directory: string) => T): T {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-settings-"));
    try {
        for (const [name, content] of Object.entries({ ...valid, ...changes })) {
            if (content !== undefined) {
                mkdirSync(dirname(join(directory, name)), { recursive: true });
                writeFileSync(join(directory, name), typeof content === "string" ? content : stringify(content));
            }
        }
        return run(directory);
    } finally {
        rmSync(directory, { recursive: true });
    }
}

export function read(changes: Files, stack = "stage"): Settings {
    return withFiles(changes, (directory) => readSettings({ directory, stack }));
}

/** All problems of a configuration; none where it is accepted. Whatever else is thrown gets through. */
export function problemsOf(changes: Files, stack = "stage"): Problem[] {
    try {
        read(changes, stack);
        return [];
    } catch (error) {
        if (error instanceof Refusal) {
            return [...error.problems];
        }
        throw error;
    }
}
