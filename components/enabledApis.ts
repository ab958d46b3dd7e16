import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** What {@link EnabledApis} are made from. */
export interface EnabledApisArgs {
    /** Google Cloud project. */
    project: string;
    /** Short names, for example `container` for `container.googleapis.com`. */
    apis: readonly string[];
}

/** The Google APIs that a project needs. They stay enabled when the stack is destroyed: others may use them by then. */
export class EnabledApis extends pulumi.ComponentResource {
    constructor(name: string, args: EnabledApisArgs, opts?: pulumi.ComponentResourceOptions) {
        super("oneflow:index:EnabledApis", name, {}, opts);
        for (const api of args.apis) {
            new gcp.projects.Service(
                `${name}-${api}`,
                {
                    project: args.project,
                    service: `${api}.googleapis.com`,
                    disableOnDestroy: false,
                    disableDependentServices: false,
                },
                { parent: this, retainOnDelete: true },
            );
        }
        this.registerOutputs({});
    }
}
