import { join } from "node:path";

/** Where the parts of a sandbox stand: everything is under one ignored folder, so throwing it away is throwing away all. */
export function layout(root: string) {
    return {
        root,
        /** Ports and process of the running doubles. */
        daemon: join(root, "daemon.json"),
        log: join(root, "daemon.log"),
        /** What was decided when the world was made. */
        settings: join(root, "world.json"),
        /** Data, credentials and logs of the control planes, where Kubernetes is real. */
        kubernetes: join(root, "kubernetes"),
        /** The simulated Google Cloud, GitHub and clusters. */
        cloud: join(root, "cloud"),
        registry: join(root, "registry"),
        /** The registry on loopback that plays Docker Hub for third-party images. */
        upstream: join(root, "upstream"),
        /** Folder of the bare git repositories, `owner/name.git`. */
        githubRepositories: join(root, "github"),
        /** Bare git repositories, as GitHub holds them. */
        github: (repository: string) => join(root, "github", `${repository}.git`),
        /** Runs of GitHub's workflows with their logs, and what the runners need. */
        actions: join(root, "actions"),
        /** The operations repository's checkout of main: the one to play in. */
        operations: join(root, "operations"),
        /** A developer's checkout of develop. */
        developer: join(root, "developer"),
        /** A developer's checkout of develop, of a repository that services are built from and that holds no settings. */
        checkout: (repository: string) => join(root, "checkouts", repository),
        /** Throw-away checkout that the dev job deploys from. */
        devJob: join(root, "dev-job"),
        /** A folder a stack, as there is a bucket a stack. */
        state: (stack: string) => join(root, "state", stack),
        passphrase: join(root, "passphrase"),
        /** Private key that GitHub signs the tokens of jobs with. */
        oidcKey: join(root, "github-oidc.pem"),
        /** The administrator's token for GitHub. */
        githubToken: join(root, "github-token"),
        /** Plugins, workspaces and logs of the engine: it writes some at every run, and none into the user's own home. */
        pulumiHome: join(root, "pulumi-home"),
        /** Docker config and kubeconfig of an identity. */
        identity: (name: string) => join(root, "identities", name),
    };
}

export type Layout = ReturnType<typeof layout>;
