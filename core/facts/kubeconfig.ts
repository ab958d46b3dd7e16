import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parseDocument } from "yaml";
import type { Problem } from "../refusal";
import type { Cluster, Environment } from "../settings/model";

/** What the kubeconfig files of a process say, read as kubectl reads them. */
export interface Contexts {
    /** Names of all contexts, in the order of the files, each once. */
    names: string[];
    /** Where it was looked: the files of `KUBECONFIG`, or the one in the home directory. Those that do not exist are among them. */
    files: string[];
    /** Files that are there but cannot be read. */
    problems: Problem[];
}

/** The contexts that a process with these environment variables reaches. Reads files; never connects. */
export function contexts(environment: NodeJS.ProcessEnv): Contexts {
    const listed = (environment.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
    const files = listed.length > 0 ? [...new Set(listed)] : [join(environment.HOME ?? homedir(), ".kube", "config")];
    const read = files.map(readKubeconfig);
    return {
        names: [...new Set(read.flatMap(({ names }) => names))],
        files,
        problems: read.flatMap(({ problem }) => problem ?? []),
    };
}

/** A problem for each cluster that is deployed to and that no kubeconfig has the context of, and for each file that cannot be read. */
export function requireContexts(environment: Environment, processEnvironment: NodeJS.ProcessEnv): Problem[] {
    const found = contexts(processEnvironment);
    const missing = environment.clusters.filter(({ context, suspended }) => !suspended && !found.names.includes(context));
    return [...found.problems, ...missing.map((cluster) => missingContext(cluster, environment, found))];
}

function missingContext(cluster: Cluster, environment: Environment, { names, files }: Contexts): Problem {
    const { name, context, managed } = cluster;
    const message = `No kubeconfig has the context ${context}, which reaches this cluster. Looked in ${files.join(", ")}`;
    if (managed) {
        return { subject: `cluster ${name}`, message, remedy: credentialsCommand(cluster, environment.project) };
    }
    const there = names.length > 0 ? `Contexts there: ${names.join(", ")}` : "There is no context there.";
    return {
        subject: `cluster ${name}`,
        message: `${message}\n${there}`,
        remedy: `set KUBECONFIG to a file that has the context, or name another in Pulumi.${environment.name}.yaml: environment.clusters, context`,
    };
}

/** The command that makes the context of a GKE cluster; gcloud names it itself, so where the settings name it otherwise it is renamed. */
export function credentialsCommand({ name, region, context }: Cluster, project: string): string {
    const command = `gcloud container clusters get-credentials ${name} --region ${region} --project ${project} --dns-endpoint`;
    const made = `gke_${project}_${region}_${name}`;
    return context === made ? command : `${command} && kubectl config rename-context ${made} ${context}`;
}

function readKubeconfig(file: string): { names: string[]; problem?: Problem } {
    const unreadable = (cause: string) => ({
        names: [],
        problem: {
            subject: file,
            message: `This kubeconfig cannot be read: ${cause}`,
            remedy: `mend the file, or take it out of KUBECONFIG; then: kubectl config get-contexts`,
        },
    });
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === "ENOENT" ? { names: [] } : unreadable(message);
    }
    const document = parseDocument(text);
    if (document.errors.length > 0) {
        return unreadable(document.errors[0].message.trimEnd());
    }
    const content: unknown = document.toJS();
    if (content !== null && !isRecord(content)) {
        return unreadable(`expected a mapping with \`contexts\`, found ${JSON.stringify(content).slice(0, 60)}`);
    }
    const listed: unknown = content?.contexts ?? [];
    if (!Array.isArray(listed)) {
        return unreadable(`expected \`contexts\` to be a list, found ${JSON.stringify(listed).slice(0, 60)}`);
    }
    return { names: listed.flatMap((entry: unknown) => (isRecord(entry) && typeof entry.name === "string" ? [entry.name] : [])) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
