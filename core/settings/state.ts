/** Bucket of a stack's state: one a stack, so that who deploys one environment reads no other's. At most 63 characters. */
export function stateBucket(project: string, stack: string): string {
    return `${project}-pulumi-${stack}`;
}

/** Ring of the keys of a project's stacks in one region, and of the one that signs releases. */
export const stateKeyRing = "oneflow";

/** Name of a stack's key in its ring. */
export function stateKeyName(stack: string): string {
    return `pulumi-${stack}`;
}

/** Key that a stack's secrets are encrypted with: one a stack, made before any of them by the bootstrap. */
export function stateKey({ project, region }: { project: string; region: string }, stack: string): string {
    return `projects/${project}/locations/${region}/keyRings/${stateKeyRing}/cryptoKeys/${stateKeyName(stack)}`;
}
