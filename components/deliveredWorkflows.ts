import * as pulumi from "@pulumi/pulumi";
import type { FoundBranch } from "../core/github/readRepositories";
import { isEmpty, type Delivery, type Texts } from "../core/github/workflowFiles";
import { DynamicResource } from "./dynamicResource";

/** What {@link DeliveredWorkflows} are made from. */
export interface DeliveredWorkflowsArgs {
    /** `owner/name`. */
    repository: string;
    /** The branch as it was found. */
    found: FoundBranch;
    /** Every workflow file that the settings make for the repository. */
    texts: Texts;
    by: Delivery["by"];
}

/**
 * The workflow files of one branch, written with one commit: as a pull request, or onto the branch. Its inputs are what the
 * branch lacks, so a branch that has everything, or waits for its pull request to be merged, is no change.
 */
export class DeliveredWorkflows extends DynamicResource {
    /** Address of the pull request that this made last. */
    declare readonly pullRequest: pulumi.Output<string | undefined>;

    constructor(name: string, args: DeliveredWorkflowsArgs, opts?: pulumi.CustomResourceOptions) {
        const inputs = deliveryInputs(args);
        super("DeliveredWorkflows", name, { ...inputs, pullRequest: undefined }, opts);
        const told = difference(args);
        if (told) {
            void pulumi.log[told.severity](told.message, this);
        }
        if (isDue(inputs)) {
            this.pullRequest.apply((address) => address && pulumi.log.info(`→ merge ${address}`, this));
        }
    }
}

/** The inputs, pure: nothing to write where all of it is proposed already. */
export function deliveryInputs(args: DeliveredWorkflowsArgs): Delivery {
    const { repository, found, texts, by } = args;
    const { missing, different, stale } = found.difference;
    const due = waitingFor(args) === undefined;
    return {
        repository,
        branch: found.branch,
        by,
        files: Object.fromEntries((due ? [...missing, ...different] : []).sort().map((path) => [path, texts[path]])),
        remove: due ? stale : [],
    };
}

/** The pull request that has it all: what is written to the branch itself waits for none. */
function waitingFor({ found, by }: DeliveredWorkflowsArgs): string | undefined {
    return by === "pullRequest" ? found.proposed : undefined;
}

function isDue({ files, remove }: Delivery): boolean {
    return Object.keys(files).length + remove.length > 0;
}

/** What a person is told of a branch that is not as it should be. Nothing of one that is. */
export function difference(args: DeliveredWorkflowsArgs): { severity: "info" | "warn"; message: string } | undefined {
    const { repository, found, texts, by } = args;
    const { branch } = found;
    const proposed = waitingFor(args);
    const { missing, different, stale } = found.difference;
    if (isEmpty(found.difference)) {
        return undefined;
    }
    const place = `${branch} of ${repository}`;
    const what = by === "direct" ? "this pulumi up writes them" : "this pulumi up makes a pull request";
    if (missing.length === Object.keys(texts).length) {
        const message = `${place} has no workflow of oneflow yet: its pushes start nothing.\n  → ${proposed ? `merge ${proposed}` : what}`;
        return { severity: "info", message };
    }
    const remedy = proposed
        ? `merge ${proposed}`
        : `${what}; what should stay of an edit belongs into the settings or core/workflows`;
    const lines = [
        ...missing.map((path) => `${path}  is missing`),
        ...different.map((path) => `${path}  says something else: it was edited there, or the settings changed since`),
        ...stale.map((path) => `${path}  is of no environment that the settings have`),
    ].sort();
    return {
        severity: "warn",
        message: [
            `Workflow files on ${place} are not what the settings make:`,
            ...lines.map((line) => `  ${line}`),
            `  → ${remedy}`,
        ].join("\n"),
    };
}
