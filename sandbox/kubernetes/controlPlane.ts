import { dirname, join } from "node:path";
import { toolPath } from "../toolchain/toolchain";
import { serveCloud } from "./cloudControllers";
import type { ClusterClient } from "./clusterClient";
import { nodesAccount } from "./credentials";
import { serveGateways } from "./gateways";
import { makeNode, untilSchedulable } from "./node";
import { kwokArguments } from "./programs";
import { type ServersArgs, startServers } from "./servers";
import { type Stage, writeStages } from "./stages";

/** What a control plane is started with. */
export interface ControlPlaneArgs extends ServersArgs {
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
 * Starts a control plane of Kubernetes with one node, played by kwok, and waits until pods can be put on it. It ends with this process,
 * whatever ends that.
 *
 * @throws ToolUnavailable
 * @throws Error with the end of the log of the program that did not come up; nothing is left running then
 */
export async function startControlPlane({ stages = [], ...args }: ControlPlaneArgs): Promise<ControlPlane> {
    const kwok = await toolPath("kwok");
    const { kubeconfig, address, files, processes, as } = await startServers(args);
    const stageFile = join(args.directory, "stages.yaml");
    writeStages(stageFile, dirname(kwok), stages);
    const controllers = new AbortController();
    const stop = async () => {
        controllers.abort();
        await processes.stop();
    };
    try {
        processes.start("kwok", kwok, kwokArguments(files, stageFile));
        const admin = as("admin");
        await serveCloud(as(nodesAccount), controllers.signal);
        await serveGateways(as(nodesAccount), controllers.signal);
        await makeNode(admin);
        await processes.whileRunning(untilSchedulable(admin));
    } catch (error) {
        await stop();
        throw error;
    }
    return { kubeconfig, address, pids: processes.pids(), as, stop };
}
