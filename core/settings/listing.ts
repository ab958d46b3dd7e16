import type { Problem } from "../refusal";
import type { Platform } from "./platforms";
import { type Project, type StackConfig, stackFile } from "./stackFile";
import { orKnown } from "./suggest";

/** A stack that is no platform is listed by one. */
export function refuseUnlisted(
    stack: string,
    own: StackConfig | undefined,
    found: { listed: readonly string[]; broken: boolean; isPlatform: boolean; platforms: readonly Platform[] },
    project: Project,
    problems: Problem[],
): void {
    const key = `${project.name}:platform`;
    if (found.isPlatform) {
        if (found.listed.includes(stack)) {
            problems.push({
                subject: `${stackFile(stack)}: ${key}`,
                message: `${stack} is listed as an environment and is a platform itself`,
                remedy: `pulumi config rm platform -s ${stack}`,
            });
        }
    } else if (found.platforms.length === 0 && !found.broken) {
        problems.push({
            subject: key,
            message: "no stack has it; expected one platform stack that lists the environments",
            remedy: `pulumi config set --path 'platform.environments[0]' ${stack} -s platform`,
        });
    } else if (own && !found.broken && !found.listed.includes(stack)) {
        const { stack: nearest, file, environments } = found.platforms[0];
        problems.push({
            subject: `${file}: ${key}.environments`,
            message: `no platform stack lists ${stack}; ${orKnown(stack, found.listed, "listed are")}`,
            remedy: `pulumi config set --path 'platform.environments[${environments.length}]' ${stack} -s ${nearest}`,
        });
    }
}

/** A listed environment has a file; the target's own absence is told already. */
export function refuseMissing(
    listed: readonly string[],
    configs: readonly StackConfig[],
    platforms: readonly Platform[],
    stack: string,
    project: Project,
    problems: Problem[],
): void {
    for (const name of listed) {
        const told = problems.some(({ subject }) => subject.startsWith(stackFile(name)));
        if (name !== stack && !told && !configs.some((config) => config.stack === name)) {
            const { file } = platforms.find(({ environments }) => environments.includes(name))!;
            problems.push({
                subject: `${file}: ${project.name}:platform.environments`,
                message: `${name} has no file ${stackFile(name)}`,
                remedy: `pulumi stack init ${name} && pulumi config set gcp:project <project id> -s ${name}`,
            });
        }
    }
}
