import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { githubIssuer } from "../../core/workflows/trust";
import type { JobIdentity } from "./job";

/** Keys that a token's signature is held against, as an issuer publishes them. */
export interface JsonWebKeySet {
    keys: readonly JsonWebKey[];
}

export interface JsonWebKey {
    kty: string;
    /** Which of the issuer's keys it is: a token's header names it. */
    kid: string;
    use: string;
    alg: string;
    n: string;
    e: string;
}

/** What a token says of a job. GitHub writes numbers as texts, but for the times. */
export type Claims = Readonly<Record<string, string | number>>;

/** Says of jobs who they are, as GitHub's own issuer does: signed by a key that is kept beside the sandbox's GitHub. */
export class OidcIssuer {
    readonly issuer = githubIssuer;

    private constructor(private readonly key: KeyObject) {}

    /** @param file where the private key is kept, as PEM; made where there is none */
    static open(file: string): OidcIssuer {
        if (!existsSync(file)) {
            const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
        }
        return new OidcIssuer(createPrivateKey(readFileSync(file)));
    }

    /** What GitHub publishes at `/.well-known/jwks`. */
    keys(): JsonWebKeySet {
        const { n, e } = createPublicKey(this.key).export({ format: "jwk" });
        return { keys: [{ kty: "RSA", kid: this.keyId, use: "sig", alg: "RS256", n: n!, e: e! }] };
    }

    /**
     * A token of a job, good for five minutes.
     *
     * @param audience whom it is for @default the repository's owner, as GitHub has it
     * @param subject form of `sub`: of repositories made since 2026-07-15 it holds ids beside the names @default names
     */
    token(
        job: JobIdentity,
        {
            audience = `https://github.com/${ownerOf(job)}`,
            subject = "names",
            now = new Date(),
        }: { audience?: string; subject?: SubjectForm; now?: Date } = {},
    ): string {
        return this.sign({ ...claimsOf(job, subject), ...this.frame(audience, now) });
    }

    /** Signs whatever is given: a test takes it for a token that GitHub would never issue. */
    sign(claims: Claims): string {
        return signed(claims, this.keyId, this.key);
    }

    private frame(audience: string, now: Date): Claims {
        const seconds = Math.floor(now.getTime() / 1000);
        return { jti: randomUUID(), aud: audience, iss: this.issuer, iat: seconds, nbf: seconds - 600, exp: seconds + 300 };
    }

    private get keyId(): string {
        return "sandbox";
    }
}

export type SubjectForm = "names" | "ids";

/** The claims of a job's token but for those that every token has: issuer, audience and times. */
export function claimsOf(job: JobIdentity, subject: SubjectForm = "names"): Record<string, string> {
    const { repository, ref } = job;
    return {
        sub: subjectOf(job, subject),
        repository: repository.fullName,
        repository_id: String(repository.id),
        repository_owner: ownerOf(job),
        repository_owner_id: String(repository.ownerId),
        repository_visibility: repository.private ? "private" : "public",
        ref,
        ref_type: ref.startsWith("refs/tags/") ? "tag" : "branch",
        sha: job.sha,
        event_name: job.eventName,
        actor: job.actor,
        run_id: String(job.runId),
        run_number: String(job.runNumber),
        run_attempt: String(job.runAttempt),
        workflow: job.workflow,
        workflow_ref: job.workflowRef,
        workflow_sha: job.workflowSha,
        job_workflow_ref: job.jobWorkflowRef,
        job_workflow_sha: job.jobWorkflowSha,
        head_ref: job.headRef ?? "",
        base_ref: job.baseRef ?? "",
        runner_environment: "github-hosted",
        ...(job.environment === undefined ? {} : { environment: job.environment }),
    };
}

function subjectOf({ repository, environment, eventName, ref }: JobIdentity, form: SubjectForm): string {
    const [owner, name] = repository.fullName.split("/");
    const named = form === "names" ? `${owner}/${name}` : `${owner}@${repository.ownerId}/${name}@${repository.id}`;
    const context =
        environment !== undefined ? `environment:${environment}` : eventName === "pull_request" ? "pull_request" : `ref:${ref}`;
    return `repo:${named}:${context}`;
}

function ownerOf({ repository }: JobIdentity): string {
    return repository.fullName.split("/")[0];
}

function signed(claims: Claims, kid: string, key: KeyObject): string {
    const encoded = [{ typ: "JWT", alg: "RS256", kid }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = createSign("RSA-SHA256").update(encoded.join(".")).sign(key).toString("base64url");
    return [...encoded, signature].join(".");
}
