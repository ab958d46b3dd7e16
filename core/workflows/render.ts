import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { actions, pinned } from "./actions";
import type {
    BranchReference,
    CallOutput,
    CompositeAction,
    Concurrency,
    Expression,
    Input,
    Job,
    Permissions,
    Step,
    Template,
    Triggers,
    Value,
    Workflow,
} from "./model";

/** The machine that jobs run on: named by its release, because `latest` changes under a workflow that did not. */
export const runner = "ubuntu-24.04";

/**
 * A workflow as the text of its file: the same text for the same value, byte by byte.
 *
 * @throws Error where a text holds `${{`, or a job says nothing of its permissions
 */
export function renderWorkflow({ name, about, on, concurrency, jobs }: Workflow): string {
    return file(about, {
        name,
        on: triggers(on),
        // What a job does not ask for itself, its token may not do.
        permissions: {},
        defaults: { run: { shell: "bash" } },
        concurrency: concurrency && turns(concurrency),
        jobs: mapValues(jobs, job),
    });
}

/** A composite action as the text of its `action.yml`. @throws Error as {@link renderWorkflow} */
export function renderAction({ name, about, description, outputs, steps }: CompositeAction): string {
    return file(about, {
        name,
        description,
        outputs: mapValues(outputs, output),
        runs: { using: "composite", steps: steps.map((one) => ({ ...step(one), ...("run" in one && { shell: "bash" }) })) },
    });
}

/** What stands behind a value in the same line. */
class Commented {
    constructor(
        readonly value: string,
        readonly comment: string,
    ) {}
}

/** A script: written line by line, never folded. */
class Script {
    constructor(
        readonly lines: readonly string[],
        readonly comment?: string,
    ) {}
}

function file(about: string, content: object): string {
    const document = new Document(node(content, ""));
    document.commentBefore = [...marker, "", ...about.split("\n")].map((line) => (line === "" ? "" : ` ${line}`)).join("\n");
    return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** First lines of every file that is written here, without their `#`: what begins otherwise is somebody else's. */
export const marker = [
    "Written by oneflow; do not edit, the next `npx oneflow render` writes it anew.",
    "To change it: services.yaml, Pulumi.<environment>.yaml, Pulumi.platform.yaml or core/workflows of the operations repository.",
];

function triggers({ push, pullRequest, dispatch, call, schedule }: Triggers) {
    return {
        push,
        pull_request: pullRequest,
        schedule: schedule?.map((cron) => ({ cron })),
        workflow_dispatch: dispatch && { inputs: mapValues(dispatch.inputs, input) },
        workflow_call: call && { inputs: mapValues(call.inputs, input), outputs: call.outputs && mapValues(call.outputs, output) },
    };
}

const input = ({ description, type, required }: Input) => ({ description, type, required });

const output = ({ description, value: content }: CallOutput) => ({ description, value: value(content) });

const turns = ({ group, cancelInProgress, queue }: Concurrency) => ({
    group: value(group),
    "cancel-in-progress": cancelInProgress,
    queue,
});

function job(one: Job, id: string) {
    // The type says it too, but a value may come from where no type was checked.
    if (!one.permissions) throw new Error(`job ${id} says nothing of its permissions: {} is the least`);
    const common = {
        name: value(one.name),
        needs: one.needs,
        if: one.if?.expression,
        permissions: permissions(one.permissions),
        concurrency: one.concurrency && turns(one.concurrency),
    };
    if ("calls" in one) {
        return { ...common, uses: byBranch(one.calls), with: one.with && mapValues(one.with, value) };
    }
    return {
        ...common,
        "runs-on": runner,
        "timeout-minutes": one.timeoutMinutes,
        environment: one.environment === undefined ? undefined : value(one.environment),
        strategy: one.strategy && {
            "fail-fast": one.strategy.failFast,
            matrix: mapValues(one.strategy.matrix, (values) => ("expression" in values ? value(values) : values)),
        },
        outputs: one.outputs && mapValues(one.outputs, value),
        steps: one.steps.map(step),
    };
}

function permissions(granted: Permissions) {
    return Object.fromEntries(Object.entries(granted).map(([scope, { access, why }]) => [scope, new Commented(access, why)]));
}

function step(one: Step) {
    const env = one.env && mapValues(one.env, value);
    const common = { name: one.name, id: one.id, if: one.if?.expression };
    if ("run" in one) {
        const directory = one.workingDirectory === undefined ? undefined : value(one.workingDirectory);
        const suppression = one.suppress && suppressed(one.suppress.rule, one.suppress.why);
        return { ...common, "working-directory": directory, env, run: new Script(one.run, suppression) };
    }
    if ("own" in one) return { ...common, uses: byBranch(one.own), env };
    const uses = new Commented(pinned(one.action), actions[one.action].version);
    return { ...common, uses, env, with: one.with && mapValues(one.with, value) };
}

function byBranch({ repository, path, branch, why }: BranchReference): Commented {
    return new Commented(`${repository}/${path}@${branch}`, suppressed("unpinned-uses", why));
}

function suppressed(rule: string, why: string): string {
    return `zizmor: ignore[${rule}] ${why}`;
}

/** An expression on its way into the file: the one place that may write braces. */
class Written {
    constructor(readonly text: string) {}
}

function value(one: Value): string | number | boolean | Written {
    if (typeof one !== "object") return one;
    return new Written(("parts" in one ? one.parts : [one]).map(part).join(""));
}

function part(one: Template["parts"][number] | Expression): string {
    return typeof one === "string" ? plain(one, "a template") : `\${{ ${one.expression} }}`;
}

/** @throws Error where a text holds an expression that nobody declared as one */
function plain(text: string, place: string): string {
    if (text.includes("${{")) {
        throw new Error(
            `${place}: a text holds \${{ … }}: ${text}\nA script takes a value through env, any other text through text\`…\``,
        );
    }
    return text;
}

function node(content: unknown, place: string): Scalar | YAMLMap | YAMLSeq {
    if (content instanceof Written) return new Scalar(content.text);
    if (content instanceof Commented) {
        const scalar = new Scalar(plain(content.value, place));
        scalar.comment = ` ${content.comment}`;
        return scalar;
    }
    if (content instanceof Script) {
        const scalar = new Scalar(`${plain(content.lines.join("\n"), place)}\n`);
        scalar.type = Scalar.BLOCK_LITERAL;
        if (content.comment !== undefined) scalar.comment = ` ${content.comment}`;
        return scalar;
    }
    if (Array.isArray(content)) {
        const list = new YAMLSeq();
        list.items = content.map((item, index) => node(item, `${place}[${index}]`));
        list.flow = content.every((item) => typeof item === "string");
        return list;
    }
    if (typeof content === "object" && content !== null) {
        const map = new YAMLMap();
        map.items = Object.entries(content)
            .filter(([, item]) => item !== undefined)
            .map(([key, item]) => new Pair(new Scalar(key), node(item, place === "" ? key : `${place}.${key}`)));
        return map;
    }
    return new Scalar(typeof content === "string" ? plain(content, place) : content);
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From, key: string) => To): Record<string, To> {
    return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, change(item, key)]));
}
