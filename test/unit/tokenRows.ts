import type { JobIdentity } from "../../sandbox/github/job";
import { job } from "./jobs";
import { ids } from "./platformCloud";

/** A job, and whom it comes to act as. */
export interface TokenRow {
    /** What the job is, as a sentence goes on. */
    what: string;
    job: JobIdentity;
    /** Email of the account; `nobody`: the token is taken, and no binding names it; `refused`: the token is not taken at all. */
    expected: string;
}

const builder = "builder@acme-delivery.iam.gserviceaccount.com";
const releaser = "releaser@acme-delivery.iam.gserviceaccount.com";
const auditor = "auditor@acme-delivery.iam.gserviceaccount.com";
const deployer = (environment: string) => `deployer-${environment}@acme-${environment}.iam.gserviceaccount.com`;

const [develop, main] = ["refs/heads/develop", "refs/heads/main"];
const own = { fullName: "acme/shop", id: ids.repository, ownerId: ids.owner, private: true };
const file = (name: string, ref: string) => `acme/shop/.github/workflows/${name}@${ref}`;
const tag = "refs/tags/v1.4.0";
const pressed = { ref: main, eventName: "workflow_dispatch" };

/** Every workflow, started as it is meant to be. */
export const trusted: readonly TokenRow[] = [
    ...[develop, main, "refs/heads/master", "refs/heads/hotfix/1.4.1", "refs/heads/hotfix/team/a"].map((ref) => ({
        what: `the build of a push to ${ref}`,
        job: job("build", { ref }),
        expected: builder,
    })),
    { what: "the deployment of a push to develop", job: job("deploy", { environment: "dev" }), expected: deployer("dev") },
    {
        what: "the deployment of stage, on a change of its file",
        job: job("deploy", { environment: "stage", ref: main }),
        expected: deployer("stage"),
    },
    {
        what: "the deployment of prod, on a change of its file",
        job: job("deploy", { environment: "prod", ref: main }),
        expected: deployer("prod"),
    },
    { what: "a promotion's preview", job: job("promote", pressed), expected: auditor },
    { what: "the morning's drift", job: job("drift", { ref: main, eventName: "schedule" }), expected: auditor },
    { what: "drift by its button", job: job("drift", pressed), expected: auditor },
    { what: "a release's tag", job: job("release", { ref: tag }), expected: releaser },
    { what: "a pre-release's tag", job: job("release", { ref: "refs/tags/v1.5.0-rc.1" }), expected: releaser },
];

/** What must not act as anybody. */
export const untrusted: readonly TokenRow[] = [
    {
        what: "a workflow that was edited on a branch, and run there",
        job: job("build", { ref: "refs/heads/mine", jobWorkflowRef: file("oneflow-build.yml", "refs/heads/mine") }),
        expected: "refused",
    },
    {
        what: "a caller on develop that takes the workflow from a branch",
        job: job("build", { jobWorkflowRef: file("oneflow-build.yml", "refs/heads/mine") }),
        expected: "refused",
    },
    {
        what: "a caller that takes the workflow from a branch whose name ends like the protected one's",
        job: job("build", { jobWorkflowRef: file("oneflow-build.yml", "refs/heads/mine@refs/heads/main2") }),
        expected: "refused",
    },
    {
        what: "a caller that takes the workflow by its commit",
        job: job("build", { jobWorkflowRef: file("oneflow-build.yml", "b".repeat(40)) }),
        expected: "refused",
    },
    {
        what: "a caller on develop that was edited to do the work itself",
        job: job("build", { jobWorkflowRef: file("oneflow-push.yml", develop) }),
        expected: "refused",
    },
    {
        what: "a workflow of another repository that is called like ours, called from ours",
        job: job("build", { jobWorkflowRef: `acme/tools/.github/workflows/oneflow-build.yml@${main}` }),
        expected: "refused",
    },
    {
        what: "a workflow of the protected branch that is bound to nobody",
        job: job("check", { ref: main }),
        expected: "nobody",
    },
    {
        what: "the true workflow, called on a branch that is not built",
        job: job("build", { ref: "refs/heads/mine" }),
        expected: "refused",
    },
    { what: "a branch that begins like one that is built", job: job("build", { ref: "refs/heads/develop2" }), expected: "refused" },
    { what: "a branch named like the folder of hotfixes", job: job("build", { ref: "refs/heads/hotfix" }), expected: "refused" },
    ...[main, develop, "refs/heads/hotfix/1.4.1", "refs/heads/v1.4.0"].map((ref) => ({
        what: `the release workflow, called on ${ref}`,
        job: job("release", { ref }),
        expected: "refused",
    })),
    ...["build", "promote", "drift", "check"].map((name) => ({
        what: `a release's tag whose caller calls ${name}`,
        job: job(name, { ref: tag }),
        expected: "refused",
    })),
    ...["dev", "prod"].map((environment) => ({
        what: `a release's tag that deploys ${environment}`,
        job: job("deploy", { ref: tag, environment }),
        expected: "refused",
    })),
    { what: "a tag that names no release", job: job("release", { ref: "refs/tags/nightly" }), expected: "refused" },
    {
        what: "a release's tag whose caller takes the workflow from the tag",
        job: job("release", { ref: tag, jobWorkflowRef: file("oneflow-release.yml", tag) }),
        expected: "refused",
    },
    {
        what: "a release's tag whose caller was edited to do the work itself",
        job: job("release", { ref: tag, jobWorkflowRef: file("release.yml", tag) }),
        expected: "refused",
    },
    {
        what: "a release's tag whose caller takes a workflow that begins like the true one",
        job: job("release", { ref: tag, jobWorkflowRef: file("oneflow-release.yml.yml", main) }),
        expected: "refused",
    },
    {
        what: "a release's tag in a repository that services are built from alone",
        job: job("release", { ref: tag, repository: { ...own, fullName: "acme/other", id: 7002 } }),
        expected: "refused",
    },
    {
        what: "a tag that is named like a branch",
        job: job("deploy", { ref: "refs/tags/main", environment: "prod" }),
        expected: "refused",
    },
    {
        what: "a pull request",
        job: job("build", { ref: "refs/pull/7/merge", eventName: "pull_request", headRef: "mine", baseRef: "develop" }),
        expected: "refused",
    },
    ...["pull_request", "pull_request_target", "workflow_run", "issue_comment", "repository_dispatch", "merge_group"].map(
        (eventName) => ({
            what: `a run that ${eventName} started on a branch that is built`,
            job: job("build", { ref: main, eventName }),
            expected: "refused",
        }),
    ),
    {
        what: "a fork",
        job: job("build", { repository: { fullName: "eve/shop", id: 9001, ownerId: 66, private: false } }),
        expected: "refused",
    },
    {
        what: "another repository of the owner",
        job: job("build", { repository: { ...own, fullName: "acme/other", id: 7002 } }),
        expected: "refused",
    },
    {
        what: "a repository of the same name, registered again by the same owner",
        job: job("build", { repository: { ...own, id: 7003 } }),
        expected: "refused",
    },
    {
        what: "owner and repository of the same names, registered again by another",
        job: job("build", { repository: { ...own, id: 9002, ownerId: 67 } }),
        expected: "refused",
    },
    {
        what: "the very repository, once it was transferred to another owner",
        job: job("build", { repository: { ...own, ownerId: 66 } }),
        expected: "refused",
    },
    { what: "a deployment without an environment", job: job("deploy", { ref: main }), expected: "nobody" },
    { what: "a deployment of stage from develop", job: job("deploy", { environment: "stage" }), expected: "nobody" },
    {
        what: "a deployment of prod from a hotfix branch",
        job: job("deploy", { environment: "prod", ref: "refs/heads/hotfix/1" }),
        expected: "nobody",
    },
    {
        what: "a deployment of the first environment from main",
        job: job("deploy", { environment: "dev", ref: main }),
        expected: "nobody",
    },
    {
        what: "a deployment of an environment that there is not",
        job: job("deploy", { environment: "qa", ref: main }),
        expected: "nobody",
    },
    {
        what: "an environment's name with more behind it",
        job: job("deploy", { environment: "prod@x", ref: main }),
        expected: "nobody",
    },
    { what: "an environment's name in capitals", job: job("deploy", { environment: "PROD", ref: main }), expected: "nobody" },
    {
        what: "another workflow in a deployer's environment",
        job: job("check", { environment: "prod", ref: main }),
        expected: "nobody",
    },
];
