import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { tools } from "../toolchain/tools";
import { toolPath } from "../toolchain/toolchain";
import { ClusterClient, type Manifest } from "./clusterClient";
import { controlPlaneAccounts, type CredentialFiles, writeCredentials } from "./credentials";
import { define, readDefinitions } from "./definitions";
import { freePorts } from "../freePorts";
import { Processes } from "./processes";
import { commandLines, type ServerName, serverNames } from "./programs";
import { webhookFlags, type Webhooks } from "./webhooks";

/** What the servers of a control plane are started with. */
export interface ServersArgs {
    /** An absolute path: a new folder for data, credentials and logs (`<program>.log`), or that of servers that have ended. */
    directory: string;
    /** Who may speak to it beside its administrator: user name → groups. They may do nothing before RBAC lets them. @default - nobody */
    users?: Readonly<Record<string, readonly string[]>>;
    /** Kinds that it knows beside Kubernetes' own. @default - all that GKE can know */
    definitions?: readonly Manifest[];
    /** Who else knows tokens and grants rights. @default - nobody */
    webhooks?: Webhooks;
}

/** `v1.36.3` */
export const kubernetesVersion = tools["kube-apiserver"].sources[0].version!;

/** A control plane on loopback without any node. */
export interface Servers {
    /** File with a context for each user, named as the user. The current one is the administrator's, `admin`. */
    kubeconfig: string;
    /** `https://127.0.0.1:PORT`, the same whenever they are started in the same folder. */
    address: string;
    /** Of the authority that signed the API server's certificate, as PEM. */
    certificateAuthority: string;
    files: CredentialFiles;
    processes: Processes;
    /** The API as a user sees it. */
    as(user: string): ClusterClient;
}

/**
 * Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler, each made first where the toolchain lacks it, and waits until
 * the API answers and knows GKE's kinds. They end with this process, whatever ends that.
 *
 * @throws ToolUnavailable
 * @throws Error with the end of the log of the program that did not come up; nothing is left running then
 */
export async function startServers({ directory, users = {}, webhooks, ...args }: ServersArgs): Promise<Servers> {
    const { programs, definitions: all } = await readyServers();
    const { definitions = all } = args;
    mkdirSync(directory, { recursive: true });
    const [etcd, etcdPeer, unused] = await freePorts(3);
    const apiServer = keptPort(directory, unused);
    await untilFree(apiServer);
    const address = `https://127.0.0.1:${apiServer}`;
    const further = Object.entries(users).map(([name, groups]) => ({ name, groups }));
    const { files, tokens } = writeCredentials(directory, address, [...controlPlaneAccounts, ...further]);
    const lines = commandLines({ directory, files, ports: { etcd, etcdPeer, apiServer } });
    const asking = webhooks ? webhookFlags(directory, webhooks) : [];

    const processes = new Processes(directory);
    const start = (name: ServerName, more: readonly string[] = []) =>
        processes.start(name, programs[name], [...lines[name], ...more]);
    const as = (user: string) => new ClusterClient(address, files.certificate, tokens[user]);
    try {
        start("etcd");
        // Where etcd is not there yet, the API server tries again seconds later.
        await processes.whileRunning(untilListening(etcd));
        start("kube-apiserver", [`--authorization-mode=Node,RBAC${webhooks ? ",Webhook" : ""}`, ...asking]);
        await processes.whileRunning(untilReady(() => as("admin"), processes));
        start("kube-controller-manager");
        start("kube-scheduler");
        await processes.whileRunning(define(as("admin"), definitions));
    } catch (error) {
        await processes.stop();
        throw error;
    }
    const certificateAuthority = readFileSync(files.certificate, "utf8");
    return { kubeconfig: files.kubeconfig, address, certificateAuthority, files, processes, as };
}

/** Everything that servers are started from, made where the toolchain lacks it. @throws ToolUnavailable */
export async function readyServers(): Promise<{ programs: Record<ServerName, string>; definitions: Manifest[] }> {
    const programs: [ServerName, string][] = [];
    for (const name of serverNames) programs.push([name, await toolPath(name)]);
    return { programs: Object.fromEntries(programs) as Record<ServerName, string>, definitions: await readDefinitions() };
}

/** The port that the folder's API server had before. */
function keptPort(directory: string, unused: number): number {
    const file = join(directory, "port");
    if (existsSync(file)) return Number(readFileSync(file, "utf8"));
    writeFileSync(file, String(unused));
    return unused;
}

async function untilListening(port: number): Promise<void> {
    while (!(await isListening(port))) await pause(20);
}

/** Servers that were killed a moment ago may still be about to end. @throws Error where the port stays taken */
async function untilFree(port: number): Promise<void> {
    for (const end = Date.now() + 10_000; await isListening(port); await pause(50)) {
        if (Date.now() > end) throw new Error(`port ${port}, which this control plane had before, is taken by another program`);
    }
}

async function isListening(port: number): Promise<boolean> {
    const socket = connect(port, "127.0.0.1");
    const listening = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    return listening;
}

/** Asks until the API server is ready. It says nothing that could be waited for, and its certificate is not there at first. */
async function untilReady(connect: () => ClusterClient, processes: Processes): Promise<void> {
    let reason: unknown;
    for (const end = Date.now() + startSeconds * 1000; Date.now() < end; await pause(100)) {
        try {
            await connect().get("/readyz");
            return;
        } catch (error) {
            reason = error;
        }
    }
    throw new Error(processes.describe("kube-apiserver", `is not ready after ${startSeconds} s (${String(reason)})`));
}

const startSeconds = 120;
