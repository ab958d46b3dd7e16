import type { Problem } from "../refusal";
import { Findings } from "./findings";
import { judge } from "./judge";
import type { Delivery } from "./model";
import type { PlatformEntry } from "./schema/stack";
import type { Shapes } from "./shape";
import { readSigning } from "./signing";
import type { Project, StackConfig } from "./stackFile";

/** A platform stack: one whose file has a `platform`. */
export interface Platform {
    stack: string;
    file: string;
    /** Names of the environments that it provisions, in the order of the file. */
    environments: readonly string[];
    shared: boolean;
    /** What the shared one says for all. Absent where it is not the shared one, or says it wrongly. */
    delivery?: Delivery;
}

/** The platform stack that a config describes; nothing where it does not fit. */
export function readPlatform(config: StackConfig, project: Project, shapes: Shapes, findings: Findings): Platform | undefined {
    const path = [`${project.name}:platform`];
    for (const key of ["commit", "pins", "environment"]
        .map((name) => `${project.name}:${name}`)
        .filter((key) => config.values.has(key))) {
        findings.add(
            [key],
            "stands in a platform stack; a stack is a platform or an environment",
            `pulumi config rm ${key} -s ${config.stack}`,
        );
    }
    const raw = config.values.get(path[0]);
    const entry = judge(shapes.platform, raw, path, findings) as PlatformEntry | undefined;
    if (!entry) {
        return undefined;
    }
    const { environments, shared = true, operations, deploy, workflowFiles, releasers, signing } = entry;
    environments.forEach((name, index) => {
        if (environments.indexOf(name) < index) {
            findings.add([...path, "environments", index], `${name} is listed twice`, "delete one of the two");
        }
    });
    const cloud = shared ? readCloud(config, shapes, undefined, findings) : {};
    if (!shared) {
        for (const key of (["operations", "deploy", "workflowFiles", "releasers", "signing"] as const).filter(
            (key) => entry[key] !== undefined,
        )) {
            findings.add([...path, key], "belongs to the shared platform stack, and this one has shared: false", "delete the line");
        }
    } else if (!operations && !findings.touches([...path, "operations"])) {
        findings.add(
            [...path, "operations"],
            "missing; expected the GitHub repository that holds Pulumi.yaml",
            `pulumi config set --path platform.operations.repository <owner/name> -s ${config.stack}`,
        );
    }
    const delivery = operations &&
        cloud.project !== undefined &&
        cloud.region !== undefined && {
            project: cloud.project,
            region: cloud.region,
            deploy: deploy ?? `${cloud.region}-docker.pkg.dev/${cloud.project}/deploy`,
            operations: { repository: operations.repository, branch: operations.branch ?? "main" },
            ...(workflowFiles === "direct" && { workflowFiles }),
            ...(releasers && { releasers }),
            ...(signing && {
                signing: readSigning(signing, { project: cloud.project, region: cloud.region }, [...path, "signing"], findings),
            }),
        };
    return {
        stack: config.stack,
        file: config.file,
        environments: [...new Set(environments)],
        shared,
        ...(shared && delivery && { delivery }),
    };
}

/** `gcp:project` and `gcp:region` of a stack, where they fit. */
export function readCloud(
    { stack, values }: StackConfig,
    shapes: Shapes,
    /** A project id to suggest. */
    likely: string | undefined,
    findings: Findings,
): { project?: string; region?: string } {
    const read = (key: "project" | "region", example: string) => {
        const value = values.get(`gcp:${key}`);
        if (value === undefined) {
            findings.add(
                [`gcp:${key}`],
                `missing; expected ${shapes[key].expected}`,
                `pulumi config set gcp:${key} ${example} -s ${stack}`,
            );
            return undefined;
        }
        return judge(shapes[key], value, [`gcp:${key}`], findings) as string | undefined;
    };
    return { project: read("project", likely ?? "<project id>"), region: read("region", "europe-west1") };
}

/** What the platform stacks say together: each environment is listed once, and one stack is the shared one. */
export function comparePlatforms(platforms: readonly Platform[], project: Project, problems: Problem[]): void {
    for (const [index, { file, environments }] of platforms.entries()) {
        for (const name of environments) {
            const other = platforms.slice(0, index).find((earlier) => earlier.environments.includes(name));
            if (other) {
                problems.push({
                    subject: `${file}: ${project.name}:platform.environments`,
                    message: `${name} is provisioned by ${other.stack} already; one platform stack provisions an environment`,
                    remedy: `take ${name} out of ${file} or of ${other.file}`,
                });
            }
        }
    }
    const shared = platforms.filter((platform) => platform.shared);
    if (platforms.length > 0 && shared.length !== 1) {
        const which = shared.length === 0 ? "no platform stack is" : `${shared.map(({ stack }) => stack).join(" and ")} are all`;
        problems.push({
            subject: `${project.name}:platform.shared`,
            message: `${which} shared: true; exactly one owns what exists once, such as the deploy registry`,
            remedy:
                shared.length === 0
                    ? `pulumi config set --path platform.shared true -s ${platforms[0].stack}`
                    : `pulumi config set --path platform.shared false -s ${shared.at(-1)!.stack}`,
        });
    }
}
