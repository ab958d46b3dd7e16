import {
    type CheckRequest,
    type CheckResult,
    type DiffRequest,
    ProviderError,
    type ProviderInstance,
    type ReadRequest,
    type ResourceDiff,
} from "../double";
import { completeInputs, inputChanges } from "./inputs";
import { kindOf } from "./kinds";

/**
 * A provider instance whose cluster does not answer. As the real one it still tells what changes, for that takes no cluster; whatever
 * would ask the cluster is refused with the reason.
 */
export class UnreachableInstance implements ProviderInstance {
    constructor(
        private readonly reason: ProviderError,
        /** Namespace for objects that name none. */
        private readonly namespace: string,
        /** `skipUpdateUnreachable`: whether what is asked for counts as what is there. */
        private readonly skipsUpdates: boolean,
    ) {}

    check(request: CheckRequest): CheckResult {
        if (this.skipsUpdates && request.olds) return { inputs: request.olds };
        return completeInputs(request, kindOf(request.token), this.namespace);
    }

    diff(request: DiffRequest): ResourceDiff {
        return inputChanges(request);
    }

    create(): Promise<never> {
        return this.refuse();
    }

    async read({ id, inputs, outputs }: ReadRequest) {
        return this.skipsUpdates ? { id, inputs, outputs } : this.refuse();
    }

    update(): Promise<never> {
        return this.refuse();
    }

    delete(): Promise<never> {
        return this.refuse();
    }

    invoke(): Promise<never> {
        return this.refuse();
    }

    private refuse(): Promise<never> {
        return Promise.reject(this.reason);
    }
}
