import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { askedFor, refuseFailedBefore } from "../core/deployment/asked";
import { type Aftermath, reportAftermath } from "../core/deployment/report";
import { type Rollout, rolloutOf } from "../core/deployment/rollout";
import type { Proposed } from "../core/deployment/proposed";
import { describeLock, type LockHolder } from "../core/deployment/stateLock";
import { describeDeployed, describeWords } from "../core/deployment/summary";
import { revertProposal, type WayBack } from "../core/deployment/wayBack";
import { followedRef, pushedCommit } from "../core/facts/followedRef";
import { judgedWayBack } from "../core/facts/judgedWayBack";
import { planPromotion } from "../core/facts/planPromotion";
import { writtenNow } from "../core/facts/process";
import type { Plan } from "../core/promotion/model";
import { askedRef, shortCommit } from "../core/promotion/words";
import { formatRefusal, type Problem } from "../core/refusal";
import { OciRegistry } from "../core/registry/client";
import type { Registry } from "../core/registry/model";
import { failedRunSchema, type RolloutFailure } from "../core/release/failedRun";
import { openFailures, settleFailures, writeFailedRun } from "../core/release/failedRunStore";
import type { Environment, Settings } from "../core/settings/model";
import { stackFile } from "../core/settings/stackFile";
import { type WantedRequest, withRequest } from "../core/settings/stackText";
import { isGone, type Update, update } from "./deployUpdate";
import { finishState } from "./unfinishedState";

/** How a deployment behaves where it is not its own master. */
export interface DeploymentOptions {
    /** `<owner/name>@<sha>` of the push that asks for it: where it is overtaken, the first environment is left to the later one. */
    pushed?: string;
    /** Whether what failed before is tried again. */
    retry: boolean;
    /** How long a state that is locked is waited for, in milliseconds. */
    lockTimeout: number;
    /** Environment variables for the decision, the run and its record, added to the process's own. @default - none */
    variables?: Readonly<Record<string, string>>;
    /**
     * Frees a state whose holder was a process of this machine that is gone.
     * @default - nobody does: the command is said
     */
    freeLock?(holders: readonly LockHolder[]): Promise<void>;
    /**
     * Hands the file of before to whoever makes a change of it. @returns whether somebody does
     * @default - nobody does: the commands are said
     */
    propose?(revert: Proposed): boolean | Promise<boolean>;
}

/**
 * One deployment of one environment: decides, runs `pulumi up`, goes back where the rollout fails, and reports. What promotes and
 * what rolls back ends here too, once the environment's file says what is wanted.
 */
export class Deployment {
    private readonly registry: Registry = new OciRegistry();
    private readonly deadline: number;

    constructor(
        private readonly directory: string,
        private readonly settings: Settings,
        /** As its file says it. */
        private readonly environment: Environment,
        private readonly options: DeploymentOptions,
    ) {
        this.deadline = Date.now() + options.lockTimeout;
    }

    async run(): Promise<number> {
        try {
            for (;;) {
                const attempt = await this.attempt();
                if (typeof attempt === "number") return attempt;
                await this.waitForState(attempt);
            }
        } catch (error) {
            // Whoever looks at the job's summary alone must not take silence for a deployment.
            this.summarise(describeWords(`${this.environment.name} was not deployed`, (error as Error).message));
            throw error;
        }
    }

    /** Decides and deploys; while somebody else holds the state, what is decided may become old, so the next one decides anew. */
    private async attempt(): Promise<number | Extract<Update, { end: "locked" }>> {
        const { environment, settings, options, registry } = this;
        const commit = await this.commitToDeploy();
        if (typeof commit !== "string") return this.leave(commit.words);
        const wanted = { ...environment, ...(commit !== "" && { commit }) };
        const { plan: decided, words } = await planPromotion(settings, wanted, { registry, variables: this.variables });
        if (!decided) return this.leave(words);
        const plan = { ...decided, environment };
        const asked = askedFor(wanted, settings.catalog);
        if (!options.retry) refuseFailedBefore(environment, asked, await openFailures(registry, environment));

        const ended = await this.up(wanted.commit === environment.commit ? undefined : { commit });
        switch (ended.end) {
            case "locked":
                return ended;
            case "brokenOff":
                throw new Error(brokenOff(environment, ended.by));
            case "failed":
                return this.failed(plan, asked, rolloutOf(ended.eventLog));
            case "healthy":
                await settleFailures(registry, environment);
                this.summarise(describeDeployed(plan, this.before));
                return 0;
        }
    }

    /** What is to run; empty where nothing is asked for or built, which the decision words. Or why the environment is left alone. */
    private async commitToDeploy(): Promise<string | { words: string }> {
        const { environment, settings, options, registry } = this;
        const first = environment.promotesFrom === undefined;
        const pushed = first ? options.pushed : undefined;
        if (environment.commit !== "latest") {
            // A push of services asks for what was built; whoever changes the settings asks for what they say.
            const asksForBuild = pushed !== undefined && pushedCommit(pushed, settings.catalog) !== undefined;
            if (!asksForBuild) return environment.commit ?? "";
        }
        const followed = await followedRef(registry, environment, settings.catalog, pushed);
        if ("commit" in followed) return followed.commit;
        return followed.left === "unbuilt" ? "" : followed;
    }

    /** Runs the update with another request than the file's, or with the file as it is. */
    private async up(request?: WantedRequest, variables?: Readonly<Record<string, string>>): Promise<Update> {
        const { directory, environment, settings } = this;
        const holders = await finishState(directory, environment.name);
        if (holders) return { end: "locked", holders };
        const stackText = request && withRequest(this.fileText, settings.project, request);
        return update({ directory, stack: environment.name, stackText }, { ...this.options.variables, ...variables });
    }

    private async failed(plan: Plan, asked: string, rollout: Rollout): Promise<number> {
        if (rollout.kind !== "failed") return this.report(plan, rollout);
        const { failures } = rollout;
        const { registry, settings } = this;
        const unrecorded = await this.record(plan, asked, failures);
        const back = await judgedWayBack(registry, settings, plan);
        if ("none" in back) return this.report(plan, { kind: "stays", failures, why: back.none }, unrecorded);
        const { to } = back;
        console.error(`\nThe rollout to ${plan.environment.name} failed. Going back to ${shortCommit(askedRef(to.request))}.\n`);
        const reason = `went back: the rollout of ${shortCommit(askedRef(plan.request))} failed`;
        const { catalogOf, request: healthy } = to;
        const ended = await this.upWhenFree(
            { commit: askedRef(healthy), pins: healthy.pins, catalogOf },
            { ONEFLOW_REASON: reason },
        );
        const proposed = await this.propose(plan, to);
        const lockedBy = ended.end === "locked" ? { lockedBy: ended.holders } : {};
        const kind = ended.end === "healthy" ? "wentBack" : "mixed";
        return this.report(plan, { kind, failures, to, proposed, ...lockedBy }, unrecorded);
    }

    /** @returns why it could not be recorded: a registry that does not answer keeps nobody from going back */
    private async record(plan: Plan, asked: string, failures: readonly RolloutFailure[]): Promise<Problem[]> {
        const written = await writtenNow(this.directory, this.variables);
        const { request, key: set } = plan;
        const record = { schema: failedRunSchema, environment: this.environment.name, request, set, asked, failures } as const;
        try {
            await writeFailedRun(this.registry, this.environment, { ...record, ...written });
            return [];
        } catch (error) {
            const message = `${(error as Error).message}\nThat this failed is not recorded: the same would be deployed again.`;
            return [{ subject: "record", message }];
        }
    }

    private async upWhenFree(...run: Parameters<Deployment["up"]>): Promise<Update> {
        for (;;) {
            const ended = await this.up(...run);
            if (ended.end !== "locked" || Date.now() >= this.deadline) return ended;
            await this.waitForState(ended);
        }
    }

    private async propose(plan: Plan, back: Extract<WayBack, { to: unknown }>["to"]): Promise<boolean> {
        const revert = revertProposal(this.settings, plan, back, this.fileText, logAddress(process.env));
        return revert !== undefined && (await this.options.propose?.(revert)) === true;
    }

    /** @throws Error where the state does not become free in time, or its holder is gone */
    private async waitForState({ holders }: Extract<Update, { end: "locked" }>): Promise<void> {
        const { name } = this.environment;
        if (holders.length > 0 && holders.every(isGone)) {
            if (this.options.freeLock) return this.options.freeLock(holders);
            throw new Error(describeLock(name, holders, ", and who locked it is gone"));
        }
        const left = this.deadline - Date.now();
        if (left <= 0) throw new Error(describeLock(name, holders, `, and stayed so for ${this.options.lockTimeout / 1000} s`));
        const who = holders.map((holder) => `${holder.who} (pid ${holder.pid}) since ${holder.since}`).join(", ");
        console.error(`The state of ${name} is locked by ${who}. Waiting, ${Math.ceil(left / 1000)} s at most.`);
        await pause(Math.min(left, pollMilliseconds));
    }

    private leave(words: string): number {
        console.error(words);
        this.summarise(describeWords(`${this.environment.name} is left as it is`, words));
        return 0;
    }

    private report(plan: Plan, aftermath: Aftermath, more: readonly Problem[] = []): number {
        const { title, problems } = reportAftermath(plan, aftermath);
        const words = formatRefusal(title, [...problems, ...more]);
        console.error(`\n${words}`);
        this.summarise(describeWords(title, words));
        return 1;
    }

    private summarise(markdown: string): void {
        const file = process.env.GITHUB_STEP_SUMMARY;
        if (file) appendFileSync(file, markdown);
    }

    private get variables(): NodeJS.ProcessEnv {
        return { ...process.env, ...this.options.variables };
    }

    private get before(): Environment | undefined {
        return this.settings.environments.find(({ name }) => name === this.environment.promotesFrom);
    }

    private get fileText(): string {
        return readFileSync(join(this.directory, stackFile(this.environment.name)), "utf8");
    }
}

/** How often a locked state is looked at. */
const pollMilliseconds = 5000;

function brokenOff({ name }: Environment, by: string): string {
    return [
        `Deployment of ${name} was broken off (${by}). It may stand between what ran and what was to run.`,
        `  → npx oneflow deploy ${name}   # does what is left`,
        `If the engine was killed, it left its lock and the next run says so: pulumi cancel -s ${name}`,
    ].join("\n");
}

/** Where GitHub shows the log of this run. */
function logAddress({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: NodeJS.ProcessEnv): string | undefined {
    return GITHUB_RUN_ID ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}` : undefined;
}
