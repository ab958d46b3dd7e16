/** The part of an exported state that is read here; all else is passed on as it is. */
export interface ExportedState {
    deployment: {
        resources?: readonly ExportedResource[];
        pending_operations?: readonly { type: string; resource: ExportedResource }[];
    };
}

interface ExportedResource {
    urn: string;
    type: string;
    custom?: boolean;
    id?: string;
    delete?: boolean;
    inputs?: unknown;
    outputs?: unknown;
    initErrors?: readonly string[];
}

/** What an engine that was killed had begun to make: URNs of resources. */
export function pendingCreates({ deployment }: ExportedState): string[] {
    return (deployment.pending_operations ?? []).flatMap(({ type, resource }) => (type === "creating" ? [resource.urn] : []));
}

/**
 * What an engine that was killed had begun to change or delete in a cluster: URNs of resources. Of each the state has what was before,
 * so a way back would find nothing to do where the cluster has the new one already.
 */
export function pendingChanges({ deployment }: ExportedState): string[] {
    const begun = (deployment.pending_operations ?? []).flatMap(({ type, resource }) =>
        (type === "updating" || type === "deleting") && resource.type.startsWith("kubernetes:") ? [resource.urn] : [],
    );
    return [...new Set(begun)];
}

/**
 * The state as if what was begun in a cluster had come about: whether it has, a refresh of these resources tells. Without it the object
 * that is there would be made once more, and be refused as there already.
 *
 * Nothing else needs that: what is ours of the registry finds what it did before, and a provider is made in the state alone.
 *
 * @param only of these alone; what others have begun since is theirs
 * @returns the state, and the URNs to be refreshed
 */
export function adoptCreates(state: ExportedState, only: readonly string[]): { state: ExportedState; adopted: readonly string[] } {
    const begun = (state.deployment.pending_operations ?? []).flatMap(({ type, resource }) => {
        const id = type === "creating" && only.includes(resource.urn) ? idOf(resource) : undefined;
        return id === undefined ? [] : [{ ...resource, id, outputs: resource.inputs, initErrors: [unfinished] }];
    });
    const adopted = [...new Set(begun.map(({ urn }) => urn))];
    // What it was to replace goes once the new one is there.
    const others = (state.deployment.resources ?? []).map((resource) =>
        adopted.includes(resource.urn) ? { ...resource, delete: true } : resource,
    );
    return {
        state: { ...state, deployment: { ...state.deployment, resources: [...others, ...begun], pending_operations: [] } },
        adopted,
    };
}

/** Stands until the refresh, so that an engine that is killed before it leaves nothing that looks done. */
const unfinished = "The engine was killed while it made this.";

function idOf({ type, custom, inputs }: ExportedResource): string | undefined {
    const { name, namespace } = (inputs as { metadata?: { name?: unknown; namespace?: unknown } } | undefined)?.metadata ?? {};
    if (!custom || !type.startsWith("kubernetes:") || typeof name !== "string") {
        return undefined;
    }
    return typeof namespace === "string" ? `${namespace}/${name}` : name;
}
