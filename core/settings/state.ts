/** Bucket of a stack's state: one a stack, so that who deploys one environment reads no other's. At most 63 characters. */
export function stateBucket(project: string, stack: string): string {
    return `${project}-pulumi-${stack}`;
}
