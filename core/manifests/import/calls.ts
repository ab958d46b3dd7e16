import { at, type Line, objectName, type SourceObject, type Tree, treesAt } from "./objects";
import { readVariables, type References } from "./variables";
import { selects, type Workload } from "./workloads";

/** Whom a workload calls, as far as its manifests tell. */
export interface Calls {
    /** Services, sorted. */
    calls: string[];
    /** Whether a NetworkPolicy lets it call anything. */
    unrestricted: boolean;
    /** Addresses that are no service's: they are denied. */
    lines: Line[];
}

/**
 * Whom the workloads call: the addresses in variables, commands and arguments, and what NetworkPolicies allow.
 * Without them every call would be denied.
 */
export function readCalls(workloads: readonly Workload[], references: References): Map<string, Calls> {
    return new Map(workloads.map((workload) => [workload.name, callsOf(workload, workloads, references)]));
}

function callsOf(workload: Workload, all: readonly Workload[], references: References): Calls {
    const callable = new Set(all.filter(({ inside }) => inside).map(({ name }) => name));
    const containers = [workload.container, ...treesAt(workload.pod, "initContainers")];
    const variables = containers.flatMap((container) => readVariables(container, references));
    const addressed = variables.flatMap(({ name, value }) =>
        typeof value === "string"
            ? [...addresses(value, workload), ...(hostVariable.test(name) ? [{ host: value, own: value }] : [])]
            : [],
    );
    const said = containers
        .flatMap((container) => [container.command, container.args].flat())
        .filter((text) => typeof text === "string");
    const spoken = said.flatMap((text) => addresses(text, workload));
    const allowed = all.filter((other) => other !== workload && allows(workload, other));
    const calls = [...[...addressed, ...spoken].map(({ own }) => own), ...allowed.map(({ name }) => name)];
    return {
        calls: [...new Set(calls)]
            .filter((name): name is string => name !== undefined && name !== workload.name && callable.has(name))
            .sort(),
        unrestricted: workload.policies.some(({ value }) =>
            treesAt(value, "spec", "egress").some((rule) => Object.keys(rule).length === 0),
        ),
        lines: variables.flatMap(({ name, value }) =>
            (typeof value === "string" ? addresses(value, workload) : [])
                .filter(({ own, host }) => !(own !== undefined && callable.has(own)) && !/^(localhost|127\.|0\.0\.0\.0)/.test(host))
                .map(({ host }) => denied(workload, name, host)),
        ),
    };
}

function denied({ object, name: service }: Workload, variable: string, host: string): Line {
    const reason = `names ${host}, which is no service here, and pods may call only those that \`calls\` names; if it is needed, write unrestrictedEgress: true`;
    return { verdict: "stricter", file: object.file, object: objectName(object), path: `env[${variable}]`, reason, service };
}

const hostVariable = /_(HOST|HOSTNAME|SERVER|SERVICE|ADDR|ADDRESS|ENDPOINT)$/;

/** `host:port` and `scheme://host` in a text; `own` is the name of a Service in the same namespace that is meant. */
function addresses(text: string, { object: { namespace } }: Workload): { host: string; own?: string }[] {
    const pattern =
        /(?:[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@]*@)?([a-z0-9][-a-z0-9.]*))|(?<![-\w.:/$])([a-z][-a-z0-9.]*):\d{1,5}(?!\d|\.\d)/gi;
    return [...text.matchAll(pattern)].map(([, fromUrl, fromPair]) => {
        const host = fromUrl ?? fromPair;
        const [name, ...rest] = host.split(".");
        const here =
            rest.length === 0 ||
            rest.join(".") === namespace ||
            (rest[1] === "svc" && (namespace === undefined || rest[0] === namespace));
        return { host, ...(here && { own: name }) };
    });
}

/** Whether a NetworkPolicy of one of the two lets the first call the other. */
function allows(caller: Workload, called: Workload): boolean {
    const names = (peer: Tree, workload: Workload) => selects(at(peer, "podSelector", "matchLabels"), workload);
    const out = peers(caller.policies, "egress", "to");
    const into = peers(called.policies, "ingress", "from");
    return out.some((peer) => names(peer, called)) || into.some((peer) => names(peer, caller));
}

function peers(policies: readonly SourceObject[], direction: string, key: string): Tree[] {
    return policies.flatMap(({ value }) => treesAt(value, "spec", direction).flatMap((rule) => treesAt(rule, key)));
}
