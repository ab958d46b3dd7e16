import * as pulumi from "@pulumi/pulumi";

/** The kinds of resource that oneflow itself provides: what no Pulumi package knows. */
export type DynamicKind = "PromotedImages" | "DatabaseSchema" | "RunRecord" | "DeliveredWorkflows";

/**
 * A resource of Pulumi's own dynamic provider whose code is found by path, not serialised from a closure.
 *
 * The text in the state is fixed, so editing the code that it loads changes no resource; what changed is decided by the
 * provider's own `diff` over the data.
 */
export class DynamicResource extends pulumi.CustomResource {
    constructor(kind: DynamicKind, name: string, inputs: pulumi.Inputs, opts?: pulumi.CustomResourceOptions) {
        super(`pulumi-nodejs:dynamic/oneflow:${kind}`, name, { ...inputs, __provider: providerText(kind) }, opts);
    }
}

/** What the plugin process evaluates. It runs in the project's folder. */
export function providerText(kind: DynamicKind): string {
    return `exports.handler = () => require(require("node:path").join(process.cwd(), "components/dynamicProvider.js")).provider("${kind}");`;
}
