/** A resource's inputs or outputs as plain values. What is not known yet in a preview is {@link unknown}. */
export type Values = Readonly<Record<string, unknown>>;

/** Stands where a value is known only after something else has been made. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** One Pulumi package, played by the sandbox. */
export interface ProviderDouble {
    /** Name of the package: `gcp`. */
    readonly name: string;
    readonly version: string;
    /** What a new configuration means for the provider's resources. @default changed settings update, nothing is replaced */
    diffConfig?(before: Values, after: Values): ResourceDiff;
    /** A provider instance under one configuration. Every instance in a program calls it once. @throws ProviderError */
    configure(config: Readonly<Record<string, string>>): Promise<ProviderInstance>;
}

export interface ProviderInstance {
    check(request: CheckRequest): CheckResult | Promise<CheckResult>;
    diff(request: DiffRequest): ResourceDiff | Promise<ResourceDiff>;
    /** @throws ProviderError, InitializationError */
    create(request: CreateRequest): Promise<{ id: string; outputs: Values }>;
    /** Nothing where the resource is gone. @throws InitializationError where it is there and not alive */
    read(request: ReadRequest): Promise<{ id: string; inputs: Values; outputs: Values } | undefined>;
    /** @throws ProviderError, InitializationError */
    update(request: UpdateRequest): Promise<Values>;
    delete(request: DeleteRequest): Promise<void>;
    invoke(token: string, args: Values): Promise<Values>;
}

export interface CheckRequest {
    /** Type token, `gcp:compute/network:Network`. */
    token: string;
    /** Name of the resource in the program. */
    name: string;
    /** Inputs of the last update. Absent: the resource is new. */
    olds?: Values;
    news: Values;
    /** Bytes that stay the same between preview and update: generated names come from them. */
    seed: Buffer;
}

export interface CheckResult {
    inputs: Values;
    /** @default none */
    failures?: readonly CheckFailure[];
}

export interface CheckFailure {
    property: string;
    reason: string;
}

export interface DiffRequest {
    token: string;
    id: string;
    oldInputs: Values;
    oldOutputs: Values;
    inputs: Values;
    ignore: readonly string[];
}

export interface ResourceDiff {
    /** Property path → what happens to it. Empty: nothing changes. */
    changes: Readonly<Record<string, PropertyChange>>;
    /** The old resource has to go before its replacement can come: they have one name. */
    deleteBeforeReplace?: boolean;
}

export interface PropertyChange {
    kind: "add" | "delete" | "update";
    replace: boolean;
}

export interface CreateRequest {
    token: string;
    inputs: Values;
    /** Only say what would come of it. */
    preview: boolean;
    /** How long the program lets it take, in seconds. @default - as long as the provider itself waits */
    timeoutSeconds?: number;
}

export interface ReadRequest {
    token: string;
    id: string;
    /** Inputs in the state. Empty when the resource is imported. */
    inputs: Values;
    outputs: Values;
}

export interface UpdateRequest extends CreateRequest {
    id: string;
    oldInputs: Values;
    oldOutputs: Values;
}

export interface DeleteRequest {
    token: string;
    id: string;
    outputs: Values;
    /** How long the program lets it take, in seconds. @default - as long as the provider itself waits */
    timeoutSeconds?: number;
}

/** A refusal in the words of the provider that is played. */
export class ProviderError extends Error {
    constructor(message: string) {
        super(message);
        this.name = "ProviderError";
    }
}

/** The object exists but did not come to life: the state keeps it, with the reasons, and the next update tries again. */
export class InitializationError extends Error {
    constructor(
        message: string,
        readonly id: string,
        readonly outputs: Values,
        readonly inputs: Values,
        readonly reasons: readonly string[],
    ) {
        super(message);
        this.name = "InitializationError";
    }
}
