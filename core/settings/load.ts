import { type Problem, Refusal } from "../refusal";
import { readCatalog } from "./catalog";
import { inPromotionOrder, tierByPlace } from "./chain";
import { refuseCollisions } from "./collisions";
import { likelyProject, readEnvironmentFile, settleEnvironment } from "./environments";
import { Findings } from "./findings";
import { refuseLocalBuilds } from "./localBuilds";
import { BroughtFolders, refuseNamespaces } from "./manifests";
import type { Catalog, Settings } from "./model";
import { judgeOverride } from "./override";
import { comparePlatforms, readPlatform } from "./platforms";
import { refuseRepositoryNames } from "./repositories";
import { refuseMissing, refuseUnlisted } from "./listing";
import { judgeRequest } from "./request";
import { readShapes, type Shapes } from "./shape";
import { refuseUnsignable } from "./signing";
import { handedConfig, type Project, readProject, readStackFile, type StackConfig, stackFile, stacksIn } from "./stackFile";
import { refuseStrays } from "./stackKeys";
import { orKnown } from "./suggest";
import { refuseForeignTeams } from "./teams";
import { parseYaml, readYaml } from "./yamlFile";

/**
 * Reads all settings for the program, which Pulumi hands its stack's config.
 *
 * Other stacks are read from their files in the same directory: the rules of one environment depend on the others'.
 *
 * @throws Refusal with every problem of the configuration at once
 */
export function loadSettings(input: {
    /** Where `Pulumi.yaml`, `services.yaml` and the stack files are. */
    directory: string;
    stack: string;
    /** The stack's own config: full key (`acme-shop:commit`) → text; maps and lists as JSON. */
    config: Readonly<Record<string, string>>;
}): Settings {
    const { directory, stack, config } = input;
    return settle(directory, stack, (project, problems) => {
        // Pulumi hands secrets over decrypted: only the file tells that a value is one.
        const filed = readStackFile(directory, stack, project, problems);
        const handed = handedConfig(stack, config, project, problems);
        return filed ? { ...handed, values: withSecretsOf(filed, handed) } : handed;
    });
}

/**
 * Reads all settings for the command line, which reads the stack's config from its file as Pulumi would.
 *
 * @throws Refusal with every problem of the configuration at once
 */
export function readSettings(input: {
    directory: string;
    stack: string;
    /** Text that is read as `services.yaml`, before it is written. @default what the file says */
    services?: string;
    /** Text that is read as the stack's file, before it is written. @default what the file says */
    stackText?: string;
}): Settings {
    const { directory, stack, services, stackText } = input;
    const readOwn: ReadOwn = (project, problems) => {
        const before = problems.length;
        const config = readStackFile(directory, stack, project, problems, stackText);
        if (!config && problems.length === before) {
            const stacks = stacksIn(directory);
            problems.push({
                subject: stackFile(stack),
                message: `does not exist; ${orKnown(stack, stacks, "stacks with a file")}`,
                remedy: `pulumi stack init ${stack}`,
            });
        }
        return config;
    };
    return settle(directory, stack, readOwn, services);
}

type ReadOwn = (project: Project, problems: Problem[]) => StackConfig | undefined;

function settle(directory: string, stack: string, readOwn: ReadOwn, text?: string): Settings {
    const problems: Problem[] = [];
    const shapes = readShapes();
    const services = new Findings("services.yaml: ");
    const folders = new BroughtFolders(directory);
    const catalog = readServices({ directory, text }, shapes, services, folders, problems);
    const project = readProject(directory, problems);
    const settings = project && arrange(directory, stack, project, shapes, { catalog, services, folders }, readOwn, problems);
    const all = [...services.problems, ...problems];
    if (all.length > 0 || !settings) {
        throw new Refusal(`Configuration of ${stack} refused, nothing was changed`, all);
    }
    return frozen(settings);
}

function readServices(
    { directory, text }: { directory: string; text: string | undefined },
    shapes: Shapes,
    findings: Findings,
    folders: BroughtFolders,
    problems: Problem[],
): Catalog | undefined {
    const before = problems.length;
    const file = text === undefined ? readYaml(directory, "services.yaml", problems) : parseYaml("services.yaml", text, problems);
    if (file) {
        return readCatalog(shapes.services, file.value, findings, folders);
    }
    if (problems.length === before) {
        problems.push({
            subject: "services.yaml",
            message: `does not exist in ${directory}`,
            remedy: "write one; docs/configuration.md shows how",
        });
    }
    return undefined;
}

function arrange(
    directory: string,
    stack: string,
    project: Project,
    shapes: Shapes,
    { catalog, services, folders }: { catalog: Catalog | undefined; services: Findings; folders: BroughtFolders },
    readOwn: ReadOwn,
    problems: Problem[],
): Settings | undefined {
    const own = readOwn(project, problems);
    const others = stacksIn(directory)
        .filter((other) => other !== stack)
        .flatMap((other) => readStackFile(directory, other, project, problems) ?? []);
    const configs = own ? [own, ...others] : others;
    const findingsOf = new Map(configs.map((config) => [config.stack, new Findings(`${config.file}: `)]));
    const isPlatform = ({ values }: StackConfig) => values.has(`${project.name}:platform`);

    const platformConfigs = configs.filter(isPlatform).sort((a, b) => (a.stack < b.stack ? -1 : 1));
    const platforms = platformConfigs.flatMap((config) => {
        const findings = findingsOf.get(config.stack)!;
        refuseStrays(config, project, "platform", findings);
        return readPlatform(config, project, shapes, findings) ?? [];
    });
    comparePlatforms(platforms, project, problems);

    const listed = [...new Set(platforms.flatMap(({ environments }) => environments))];
    const broken = platforms.length < platformConfigs.length;
    refuseUnlisted(stack, own, { listed, broken, isPlatform: own !== undefined && isPlatform(own), platforms }, project, problems);
    const files = configs
        .filter((config) => !isPlatform(config) && (listed.includes(config.stack) || config === own))
        .map((config) => {
            const findings = findingsOf.get(config.stack)!;
            refuseStrays(config, project, "environment", findings);
            return readEnvironmentFile(config, project, shapes, likelyProject(config.stack, configs), findings);
        });
    refuseMissing(listed, configs, platforms, stack, project, problems);

    const ordered = inPromotionOrder(
        files.filter(({ name }) => listed.includes(name)).sort((a, b) => listed.indexOf(a.name) - listed.indexOf(b.name)),
        project,
        problems,
    );
    const environments = ordered.map((file) =>
        settleEnvironment(file, tierByPlace(file.name, ordered), project, shapes.environment),
    );
    const delivery = platforms.find((platform) => platform.delivery)?.delivery;
    refuseCollisions(environments, delivery, project.name, problems);
    if (delivery) {
        refuseUnsignable(ordered, delivery.signing, project.name);
    }
    const file = files.find(({ name }) => name === stack);
    if (file) {
        judgeRequest(
            file.config,
            project.name,
            { first: !file.entry.promotesFrom && !file.unclear, services: catalog?.services },
            file.findings,
        );
        judgeOverride(file.config, project.name, file.findings);
    }
    if (catalog) {
        refuseRepositoryNames(environments, catalog, services, `${project.name}:environment`, (name) => findingsOf.get(name)!);
    }
    if (catalog && delivery) {
        refuseForeignTeams(environments, delivery, catalog, project.name, problems);
    }
    problems.push(...refuseNamespaces(folders, environments));
    if (catalog && !broken) {
        refuseUnknownEnvironments(catalog, project, listed, services);
    }
    const first = environments.find(({ promotesFrom }) => promotesFrom === undefined);
    if (catalog && first) {
        refuseLocalBuilds(catalog, { directory, stack, first: first.name, checkout: delivery?.operations.repository }, services);
    }
    problems.push(...[...findingsOf.values()].flatMap((findings) => findings.problems));

    const platform = platforms.find((candidate) => candidate.stack === stack);
    const environment = environments.find(({ name }) => name === stack);
    if (!catalog || !delivery || !(platform || environment)) {
        return undefined;
    }
    return {
        project: project.name,
        stack,
        catalog,
        delivery,
        environments,
        target: environment
            ? { kind: "environment", environment }
            : {
                  kind: "platform",
                  environments: environments.filter(({ name }) => platform!.environments.includes(name)),
                  shared: platform!.shared,
              },
    };
}

function refuseUnknownEnvironments(catalog: Catalog, project: Project, listed: readonly string[], findings: Findings): void {
    for (const service of Object.values(catalog.services)) {
        for (const name of Object.keys(service.environments).filter((environment) => !listed.includes(environment))) {
            findings.add(
                ["services", service.name, "environments", name],
                `${name} is no environment; ${orKnown(name, listed, "environments")}`,
            );
        }
        if (service.name === project.name) {
            findings.add(
                ["services", service.name],
                `the name ${service.name} is taken: releases of the project have it`,
                "choose another name",
            );
        }
    }
}

function withSecretsOf(filed: StackConfig, handed: StackConfig): Map<string, unknown> {
    const isSecret = (value: unknown) => JSON.stringify(value).includes('"secure":');
    return new Map(
        [...handed.values].map(([key, value]) => [key, isSecret(filed.values.get(key) ?? "") ? filed.values.get(key) : value]),
    );
}

function frozen<T>(value: T): T {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
        Object.freeze(value);
        Object.values(value).forEach(frozen);
    }
    return value;
}
