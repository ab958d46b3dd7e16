import type { Delivery } from "../../settings/model";
import { steps, text, vars } from "../expressions";
import type { ActionStep, BranchReference, OwnActionStep, RunStep, Value } from "../model";
import { actionFolder, type CalledWorkflow, providerVariable, workflowPath } from "../names";

/** Pulumi's engine, the version that the sandbox's toolchain plays the story with. */
export const pulumiVersion = "3.255.0";
const gcloudVersion = "580.0.0";
const nodeVersion = "24";

/** Where settings and program stand: the checkout in the operations repository, the action's own copy elsewhere. */
export const settingsFolder = steps("oneflow").output("directory");

const why = "its branch is what the condition of the identity names, and is protected";

/** A workflow of the operations repository, as callers name it. */
export function called({ repository, branch }: Delivery["operations"], name: CalledWorkflow): BranchReference {
    return { repository, path: workflowPath(name), branch, why };
}

/** All commits and tags: only they tell whether this branch contains a commit, and what a release's tag names. */
export const allHistory = { "fetch-depth": 0 };

/** @param more inputs of the action: a `ref`, or `fetch-depth: 0` where history is read */
export function checkout(name: string, more: Readonly<Record<string, Value>> = {}): ActionStep {
    return { name, action: "actions/checkout", with: { "persist-credentials": false, ...more } };
}

export function setupNode(): ActionStep {
    // A cache could be filled by a run of another branch, and be read by one that holds an identity.
    const inputs = { "node-version": nodeVersion, "package-manager-cache": false };
    return { name: "Set up Node", action: "actions/setup-node", with: inputs };
}

/** The `oneflow` command of the protected branch: what was pushed is never run with an identity. */
export function oneflow({ repository, branch }: Delivery["operations"]): OwnActionStep {
    return { name: "Set up oneflow", id: "oneflow", own: { repository, path: actionFolder, branch, why } };
}

/** Leaves a credential file that gcloud, Pulumi and Google's libraries find. */
export function actAs(account: string, serviceAccount: Value): ActionStep {
    return {
        name: `Act as the ${account}`,
        action: "google-github-actions/auth",
        with: { workload_identity_provider: vars(providerVariable), service_account: serviceAccount },
    };
}

/**
 * Logs docker in to a registry, for an hour. No credential file: it would lie in the checkout, and could get into an image.
 *
 * @param address registry host and path
 */
export function logIn(account: string, serviceAccount: string, address: string): ActionStep[] {
    const { with: inputs, ...auth } = actAs(account, serviceAccount);
    return [
        { ...auth, id: "auth", with: { ...inputs, token_format: "access_token", create_credentials_file: false } },
        {
            name: "Log in to the registry",
            action: "docker/login-action",
            with: {
                registry: address.split("/")[0],
                username: "oauth2accesstoken",
                password: steps("auth").output("access_token"),
            },
        },
    ];
}

/** What `pulumi` needs beside the program: the engine, and gcloud for the kubeconfig of GKE. */
export function pulumiTools(): ActionStep[] {
    return [
        {
            name: "Set up gcloud",
            action: "google-github-actions/setup-gcloud",
            with: { version: gcloudVersion, install_components: "gke-gcloud-auth-plugin" },
        },
        { name: "Set up Pulumi", action: "pulumi/actions", with: { "pulumi-version": pulumiVersion } },
    ];
}

/** Settings of a stack as `oneflow env` prints them, for the script's own process. An error in it ends the script. */
export const stackExports = ['exports="$(oneflow env "$ENVIRONMENT")"', 'eval "$exports"'];

/** A run of the `oneflow` command where the settings stand. */
export function run(name: string, lines: readonly string[], more: Partial<RunStep> = {}): RunStep {
    return { name, ...more, workingDirectory: settingsFolder, run: lines };
}

/** Says whose code a job looks at: the commit that was pushed, of the repository that it was pushed to. */
export const pushedCommit = '--source "$GITHUB_WORKSPACE" --repository "$GITHUB_REPOSITORY" --commit "$GITHUB_SHA"';

/** Group of the runs that write to one environment. */
export const deployments = (environment: Parameters<typeof text>[1]) => text`oneflow-deploy-${environment}`;
