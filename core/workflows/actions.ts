/** An action of others: the commit that runs, and the release that it is. */
export interface PinnedAction {
    /** 40 hex digits: a tag can be moved, a commit cannot. */
    sha: string;
    version: string;
}

/**
 * Every action of others that a generated workflow uses. A new version is one line here.
 *
 * GitHub could not be asked where this was written. Each pair of commit and version was read in at least two different files out of
 * an index of public repositories, which does not name them; `zizmor --persona=auditor` without `--offline` asks GitHub whether the
 * two belong together, and has not been run.
 */
export const actions = {
    "actions/checkout": { sha: "de0fac2e4500dabe0009e67214ff5f5447ce83dd", version: "v6.0.2" },
    "actions/setup-node": { sha: "53b83947a5a98c8d113130e565377fae1a50d02f", version: "v6.3.0" },
    "docker/build-push-action": { sha: "10e90e3645eae34f1e60eeb005ba3a3d33f178e8", version: "v6.19.2" },
    "docker/login-action": { sha: "c94ce9fb468520275223c153574b00df6fe4bcc9", version: "v3.7.0" },
    "docker/setup-buildx-action": { sha: "8d2750c68a42422c14e847fe6c8ac0403b4cbd6f", version: "v3.12.0" },
    "google-github-actions/auth": { sha: "7c6bc770dae815cd3e89ee6cdf493a5fab2cc093", version: "v3.0.0" },
    "google-github-actions/setup-gcloud": { sha: "aa5489c8933f4cc7a4f7d45035b3b1440c9c10db", version: "v3.0.1" },
    "pulumi/actions": { sha: "8e5e406f4007fca908480587cb9893c07090f58d", version: "v7.0.0" },
} as const satisfies Readonly<Record<string, PinnedAction>>;

export type ActionName = keyof typeof actions;

/** What `uses` names. */
export function pinned(name: ActionName): string {
    return `${name}@${actions[name].sha}`;
}
