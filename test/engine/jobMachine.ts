import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { Repository } from "../../sandbox/git/repository";
import type { JobIdentity } from "../../sandbox/github/job";
import { serveJobProviders, type JobProviders } from "../../sandbox/providers/serveJob";
import { toolDirectory } from "../../sandbox/toolchain/toolchain";
import { issuerOf } from "../../sandbox/world/google";
import { organisation } from "../../sandbox/world/names";
import { linkDependencies } from "../../sandbox/world/operations";
import { pullAs } from "../../sandbox/world/pull";
import type { World } from "../../sandbox/world/world";
import { project } from "./shop";

/** How a command of a job ended. */
export interface Ended {
    code: number;
    text: string;
}

/**
 * A machine that a job of the world's GitHub runs on, without the workflow: it has a checkout of main, the runner's programs, and
 * no identity but the tokens that GitHub gives this job.
 */
export class JobMachine {
    private exported: NodeJS.ProcessEnv = {};

    private constructor(
        private readonly world: World,
        readonly directory: string,
        private readonly tools: string,
        private readonly oidc: Server,
        private readonly providers: JobProviders,
    ) {}

    /** @param name folder of its own in the world's */
    static async start(world: World, name: string, job: JobIdentity): Promise<JobMachine> {
        const directory = join(world.layout.root, "jobs", name);
        rmSync(directory, { recursive: true, force: true });
        mkdirSync(join(directory, "home"), { recursive: true });
        const workspace = join(directory, "workspace");
        await Repository.clone(new Repository(world.layout.github(organisation.repository)), workspace, { branch: "main" });
        linkDependencies(project, workspace);
        const issuer = issuerOf(world.layout);
        const oidc = createServer((request, response) => {
            const audience = new URL(request.url!, "http://github").searchParams.get("audience") ?? undefined;
            response.end(JSON.stringify({ value: issuer.token(job, { audience }) }));
        });
        await new Promise<void>((done) => oidc.listen(0, "127.0.0.1", done));
        const { cloud, daemon } = world;
        const pullImage = pullAs((member, host) => (host === daemon.registry ? cloud.tokenOf(member) : undefined));
        const providers = await serveJobProviders({ cloud, kubeconfig: join(directory, "kubeconfig"), pullImage });
        return new JobMachine(world, directory, await toolDirectory(["pulumi", "pulumi-language-nodejs"]), oidc, providers);
    }

    async stop(): Promise<void> {
        this.oidc.close();
        await this.providers.close();
    }

    /** Runs the action that stands for google-github-actions/auth; what it exports is there for what follows. */
    async actAs(account: string, inputs: Readonly<Record<string, string>> = {}): Promise<Ended> {
        const files = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH"].map((name) => [name, join(this.directory, name)]);
        for (const [, file] of files) writeFileSync(file, "");
        const number = this.world.cloud.project(organisation.projects.platform)!.number;
        const given = {
            workload_identity_provider: `projects/${number}/locations/global/workloadIdentityPools/oneflow-github/providers/github`,
            service_account: account,
            create_credentials_file: "true",
            export_environment_variables: "true",
            ...inputs,
        };
        const ended = await this.run(process.execPath, [join(runner, "actions/google-github-actions-auth/main.js")], {
            ...Object.fromEntries(files),
            ...Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
        });
        const lines = readFileSync(join(this.directory, "GITHUB_ENV"), "utf8").split("\n").filter(Boolean);
        this.exported = Object.fromEntries(lines.map((line) => line.split("=")));
        return ended;
    }

    /** What the workflows' scripts begin with, and then a command. No machine knows a cluster from an earlier job. */
    onStack(stack: string, command: string): Promise<Ended> {
        rmSync(join(this.directory, "workspace", ".oneflow"), { recursive: true, force: true });
        const script = `set -e; exports="$(${join(project, "bin/pinned/oneflow")} env ${stack})"; eval "$exports"; ${command}`;
        return this.run("bash", ["-c", script], {});
    }

    private run(program: string, args: readonly string[], variables: NodeJS.ProcessEnv): Promise<Ended> {
        const { daemon } = this.world;
        const path = [join(runner, "bin"), this.tools, process.env.PATH].join(delimiter);
        const home = join(this.directory, "home");
        const address = `http://127.0.0.1:${(this.oidc.address() as AddressInfo).port}`;
        const env = {
            ...{ HOME: home, PATH: path, NO_COLOR: "1", PULUMI_SKIP_UPDATE_CHECK: "1", PULUMI_HOME: this.world.layout.pulumiHome },
            ...{ GITHUB_WORKSPACE: join(this.directory, "workspace"), DOCKER_CONFIG: join(home, ".docker") },
            ...{ ACTIONS_ID_TOKEN_REQUEST_URL: `${address}/token?v=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "runner" },
            ...{ ONEFLOW_SANDBOX_GOOGLE: daemon.google, ONEFLOW_SANDBOX_REGISTRY: daemon.registry },
            ...{ ONEFLOW_SANDBOX_KUBECONFIG: join(this.directory, "kubeconfig"), ...this.providers.environment },
            ...{ PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
            ...this.exported,
            ...variables,
        };
        return new Promise((done) => {
            const options = { cwd: join(this.directory, "workspace"), env, maxBuffer: 2 ** 26 };
            execFile(program, args, options, (error, stdout, stderr) =>
                done({ code: error ? Number(error.code ?? 1) : 0, text: `${stdout}${stderr}` }),
            );
        });
    }
}

const runner = join(project, "sandbox/github/runner");
