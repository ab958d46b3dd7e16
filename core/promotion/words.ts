import type { Digest } from "../registry/reference";
import { isCommit, isRelease } from "../release/lock";
import { parseUnion } from "../release/union";
import type { Environment } from "../settings/model";
import type { PromotionFacts, PromotionRequest } from "./model";

/** What was asked for, as a config file, a command and a sentence say it: the release, else the commit. */
export function askedRef({ commit, release }: Pick<PromotionRequest, "commit" | "release">): string {
    return release ?? commit;
}

/**
 * A ref as a sentence names it: `v1.4.0`, `9f8e02b…`, or of a union `acme/cart@9f8e02b… and acme/checkout@71c44d0…`. What is none is
 * quoted. Commands take the full text.
 */
export function shortCommit(commit: string): string {
    const short = (sha: string) => `${sha.slice(0, 7)}…`;
    const union = parseUnion(commit);
    if (union) {
        return list(Object.entries(union).map(([repository, sha]) => `${repository}@${short(sha)}`));
    }
    return isCommit(commit) ? short(commit) : isRelease(commit) ? commit : JSON.stringify(commit);
}

/** A digest as a sentence names it: `sha256:1a2b3c4d…`. */
export function shortDigest(digest: Digest): string {
    return `${digest.slice(0, 15)}…`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(names: readonly string[], conjunction = "and"): string {
    return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${conjunction} ${names[names.length - 1]}`;
}

/** The command that promotes a commit or a release. */
export function promoteCommand(environment: string, ref: string): string {
    return `pulumi config set commit ${ref} -s ${environment} && pulumi up -s ${environment}`;
}

/** The command that holds a service at a commit. */
export function pinCommand(environment: string, service: string, commit: string): string {
    return `pulumi config set --path 'pins.${service}' ${commit} -s ${environment} && pulumi up -s ${environment}`;
}

/** The command that lets a service go with all others again. */
export function unpinCommand(environment: string, service: string): string {
    return `pulumi config rm --path 'pins.${service}' -s ${environment} && pulumi up -s ${environment}`;
}

/**
 * The command that asks for the ref where the request asked for another: for the environment, or for a pinned service. No pin is a
 * release, so where that is what could be asked for, the service goes with all others again.
 */
export function askCommand({ environment }: PromotionRequest, pinned: string | undefined, ref: string): string {
    if (pinned === undefined) {
        return promoteCommand(environment.name, ref);
    }
    return isRelease(ref) ? unpinCommand(environment.name, pinned) : pinCommand(environment.name, pinned, ref);
}

/** The command that promotes all the same, once. */
export function overrideCommand(environment: string, rule: string): string {
    return `ONEFLOW_OVERRIDE=${rule} ONEFLOW_REASON="…" pulumi up -s ${environment}`;
}

/** The command that changes a value of an environment's own description. */
export function settingCommand(environment: string, key: string, value: string): string {
    return `pulumi config set --path environment.${key} ${value} -s ${environment}`;
}

/** A time in words: `30m`, `1h 30m`, `45s`. */
export function durationWords(seconds: number): string {
    const whole = Math.floor(seconds);
    const parts = [
        [Math.floor(whole / 3600), "h"],
        [Math.floor((whole % 3600) / 60), "m"],
        [whole % 60, "s"],
    ] as const;
    const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
    return said.join(" ") || "0s";
}

/**
 * The commands that make an environment's config ask for something: the commit, then each pin.
 *
 * @param asked what the config asks for now: pins of it that are not wanted are taken away
 */
export function requestCommands(
    environment: string,
    wanted: Pick<PromotionRequest, "commit" | "release" | "pins">,
    asked: Pick<PromotionRequest, "pins"> = { pins: {} },
): string[] {
    const surplus = Object.keys(asked.pins).filter((service) => !Object.hasOwn(wanted.pins, service));
    return [
        `pulumi config set commit ${askedRef(wanted)} -s ${environment}`,
        ...Object.entries(wanted.pins)
            .filter(([service, pin]) => asked.pins[service] !== pin)
            .map(([service, pin]) => `pulumi config set --path 'pins.${service}' ${pin} -s ${environment}`),
        ...surplus.map((service) => `pulumi config rm --path 'pins.${service}' -s ${environment}`),
    ];
}

/** Where a promotion may take the images of a ref from, in words: `develop or release-candidate`, of a release `deploy or stable`. */
export function sourceTiers({ environment, before }: PromotionRequest, ref: string): string {
    const source = isRelease(ref) ? "deploy" : before?.tier;
    return list([...new Set([...(source === undefined ? [] : [source]), environment.tier])], "or");
}

/** Address of a tier, which names it beyond doubt. */
export function tierAddress({ registry, tier }: Pick<Environment, "registry" | "tier">): string {
    return `${registry}/${tier}`;
}

/** A tier as a sentence names it, by its address. */
export function tierName({ environment, before, releases }: PromotionRequest, address: string): string {
    const tiers = [before, environment].flatMap((one) => (one ? [one] : []));
    return releases?.deploy === address ? "deploy" : (tiers.find((one) => tierAddress(one) === address)?.tier ?? address);
}

/** What could be asked for instead, as a sentence; nothing where nothing could. */
export function otherRefs({ before, environment }: PromotionRequest, { alternatives }: PromotionFacts): string[] {
    const kind = alternatives.every(isRelease) ? "releases" : "commits";
    const proof = before ? `ran healthy in ${before.name}` : `can run in ${environment.name}`;
    return alternatives.length === 0 ? [] : [`Newest ${kind} that ${proof}: ${alternatives.map(shortCommit).join(", ")}`];
}
