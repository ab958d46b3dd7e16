import { diffInputs } from "../diff";
import { unknown, type CheckRequest, type CheckResult, type DiffRequest, type ResourceDiff } from "../double";
import { at, merge, text } from "../values";
import { isInTheWay, replacementFields } from "./replacement";

/** What the inputs of an object must agree with. */
export interface ObjectKind {
    apiVersion: string;
    kind: string;
    namespaced: boolean;
}

/** The kind that a Pulumi type names: `kubernetes:core/v1:Namespace` is `Namespace` of `v1`. */
export function kindOfToken(token: string): { apiVersion: string; kind: string } {
    const [, version, kind] = token.split(":");
    return { apiVersion: version.replace(/^core\//, ""), kind };
}

/** The inputs with what the program left out: kind, a name that stays the same, and the provider's namespace. */
export function completeInputs({ name, olds, news, seed }: CheckRequest, kind: ObjectKind, namespace: string): CheckResult {
    const generated = at(news, "metadata.name") === undefined;
    const metadata = {
        name: generated
            ? (text(olds, "metadata.name") ?? `${name}-${seed.toString("hex").slice(0, 8)}`)
            : (text(news, "metadata.name") ?? unknown),
        ...(kind.namespaced ? { namespace } : {}),
        ...(generated ? { annotations: { "pulumi.com/autonamed": "true" } } : {}),
    };
    const inputs = merge({ apiVersion: kind.apiVersion, kind: kind.kind, metadata }, news);
    const failures =
        at(inputs, "apiVersion") === kind.apiVersion ? [] : [{ property: "apiVersion", reason: `expected ${kind.apiVersion}` }];
    return { inputs, failures };
}

/** What changes from the old inputs to the new. What others wrote into the object is not among it. */
export function inputChanges({ token, oldInputs, inputs, ignore }: DiffRequest): ResourceDiff {
    return diffInputs(oldInputs, inputs, {
        replaceOn: replacementFields(kindOfToken(token)),
        ignore,
        deleteBeforeReplace: isInTheWay(oldInputs, inputs),
    });
}

/** Id of a resource in Pulumi's state: `namespace/name`, or the name alone. */
export function idOf({ metadata }: { metadata: { name: string; namespace?: string } }): string {
    return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** Where an id leads. */
export function placeOf(id: string): { name: string; namespace?: string } {
    const [name, namespace] = id.split("/").reverse();
    return namespace === undefined ? { name } : { name, namespace };
}

/** Whether an annotation of the provider is set, `pulumi.com/skipAwait`. */
export function isAnnotated(object: unknown, annotation: string): boolean {
    return (at(object, "metadata.annotations") as Record<string, unknown> | undefined)?.[annotation] === "true";
}
