import type { Settings } from "../../settings/model";
import { actionFolder, workflowFolder, workflowPath } from "../names";
import { operatesOnly, sourceRepositories } from "../origins";
import { renderAction, renderWorkflow } from "../render";
import { oneflowAction } from "./action";
import { buildWorkflow } from "./build";
import { deployOnChange, pullRequestWorkflow, pushWorkflow } from "./callers";
import { checkWorkflow } from "./check";
import { deployWorkflow } from "./deploy";
import { driftSchedule, driftWorkflow } from "./drift";
import { promoteButton, promoteWorkflow } from "./promote";
import { releaseOnTag, releaseWorkflow } from "./release";

/** Repository → path in it → text of the file. */
export type WorkflowFiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Every file that GitHub reads, of the operations repository and of each repository that services are built from. */
export function workflowFiles(settings: Pick<Settings, "catalog" | "delivery" | "environments">): WorkflowFiles {
    const files: Record<string, Record<string, string>> = { [settings.delivery.operations.repository]: operationsFiles(settings) };
    for (const repository of sourceRepositories(settings)) {
        files[repository] = { ...files[repository], ...sourceFiles(settings) };
    }
    return Object.fromEntries(Object.entries(files).map(([repository, texts]) => [repository, sorted(texts)]));
}

/** The work itself, what starts it for an environment, and what brings oneflow to other repositories. */
function operationsFiles(settings: Pick<Settings, "catalog" | "delivery" | "environments">): Record<string, string> {
    const later = settings.environments.filter(({ promotesFrom }) => promotesFrom !== undefined);
    const bySettings = operatesOnly(settings) ? settings.environments : later;
    return {
        [`${actionFolder}/action.yml`]: renderAction(oneflowAction(settings)),
        [workflowPath("build")]: renderWorkflow(buildWorkflow(settings)),
        [workflowPath("check")]: renderWorkflow(checkWorkflow(settings)),
        [workflowPath("deploy")]: renderWorkflow(deployWorkflow(settings)),
        [workflowPath("drift")]: renderWorkflow(driftWorkflow(settings)),
        [workflowPath("promote")]: renderWorkflow(promoteWorkflow(settings)),
        [workflowPath("release")]: renderWorkflow(releaseWorkflow(settings)),
        [`${workflowFolder}/release.yml`]: renderWorkflow(releaseOnTag(settings)),
        [`${workflowFolder}/drift.yml`]: renderWorkflow(driftSchedule(settings)),
        ...Object.fromEntries(
            bySettings.map(({ name }) => [`${workflowFolder}/deploy-${name}.yml`, renderWorkflow(deployOnChange(settings, name))]),
        ),
        ...Object.fromEntries(
            later.map(({ name }) => [`${workflowFolder}/promote-${name}.yml`, renderWorkflow(promoteButton(settings, name))]),
        ),
    };
}

function sourceFiles(settings: Pick<Settings, "delivery" | "environments">): Record<string, string> {
    return {
        [`${workflowFolder}/oneflow-push.yml`]: renderWorkflow(pushWorkflow(settings)),
        [`${workflowFolder}/oneflow-pull-request.yml`]: renderWorkflow(pullRequestWorkflow(settings)),
    };
}

function sorted(texts: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
