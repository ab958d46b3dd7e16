import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { toolPath } from "../toolchain/toolchain";
import { ClusterClient } from "./clusterClient";
import { controlPlaneAccounts, writeCredentials } from "./credentials";
import { freePorts } from "./freePorts";
import { makeNode, untilSchedulable } from "./node";
import { Processes } from "./processes";
import { commandLines, type ProgramName } from "./programs";
import { type Stage, writeStages } from "./stages";

/** What a control plane is started with. */
export interface ControlPlaneArgs {
    /** A new or empty folder, for its data, credentials and logs (`<program>.log`). An absolute path. */
    directory: string;
    /** Who may speak to it beside its administrator: user name → groups. They may do nothing before RBAC lets them. @default - nobody */
    users?: Readonly<Record<string, readonly string[]>>;
    /** What pods do other than becoming ready at once. @default - nothing */
    stages?: readonly Stage[];
}

/** A Kubernetes cluster on loopback. All of it is real but the node, whose pods run nothing. */
export interface ControlPlane {
    /** File with a context for each user, named as the user. The current one is the administrator's, `admin`. */
    kubeconfig: string;
    /** `https://127.0.0.1:PORT` */
    address: string;
    /** Process ids by program. */
    pids: Readonly<Record<string, number>>;
    /** The API as a user sees it. */
    as(user: string): ClusterClient;
    /** Ends its processes. The folder stays. */
    stop(): Promise<void>;
}

/**
 * Starts a control plane of Kubernetes with one node, and waits until pods can be put on it. It ends with this process, whatever ends that.
 *
 * etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok are made first where the toolchain lacks them.
 *
 * @throws ToolUnavailable
 * @throws Error with the end of the log of the program that did not come up; nothing is left running then
 */
export async function startControlPlane({ directory, users = {}, stages = [] }: ControlPlaneArgs): Promise<ControlPlane> {
    const programs: Partial<Record<ProgramName, string>> = {};
    for (const name of programNames) programs[name] = await toolPath(name);
    mkdirSync(directory, { recursive: true });
    const [etcd, etcdPeer, apiServer] = await freePorts(3);
    const address = `https://127.0.0.1:${apiServer}`;
    const further = Object.entries(users).map(([name, groups]) => ({ name, groups }));
    const { files, tokens } = writeCredentials(directory, address, [...controlPlaneAccounts, ...further]);
    const stageFile = join(directory, "stages.yaml");
    writeStages(stageFile, dirname(programs.kwok!), stages);
    const lines = commandLines({ directory, files, stages: stageFile, ports: { etcd, etcdPeer, apiServer } });

    const processes = new Processes(directory);
    const start = (name: ProgramName) => processes.start(name, programs[name]!, lines[name]);
    const as = (user: string) => new ClusterClient(address, files.certificate, tokens[user]);
    try {
        start("etcd");
        // Where etcd is not there yet, the API server tries again seconds later.
        await processes.whileRunning(untilListening(etcd));
        start("kube-apiserver");
        await processes.whileRunning(untilReady(() => as("admin"), processes));
        start("kube-controller-manager");
        start("kube-scheduler");
        start("kwok");
        const admin = as("admin");
        await makeNode(admin);
        await processes.whileRunning(untilSchedulable(admin));
    } catch (error) {
        await processes.stop();
        throw error;
    }
    return { kubeconfig: files.kubeconfig, address, pids: processes.pids(), as, stop: () => processes.stop() };
}

async function untilListening(port: number): Promise<void> {
    for (;;) {
        const socket = connect(port, "127.0.0.1");
        const listening = await new Promise<boolean>((resolve) => {
            socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
        });
        socket.destroy();
        if (listening) return;
        await pause(20);
    }
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
const programNames: readonly ProgramName[] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];
