import { createHash } from "node:crypto";
import { applicationDefault } from "../google/accessToken";
import { isLoopback } from "../registry/reach";
import { isCut, type Patience, retry, retryAfter, Transient } from "../registry/retry";
import { readPublicKey, type PublicKey } from "./publicKey";

/** A key that signs and cannot be read. */
export interface SigningKey {
    /** What it is called where it is kept. */
    name: string;
    /** @throws SigningRefused */
    publicKey(): Promise<PublicKey>;
    /** ECDSA over the SHA-256 of the bytes, as DER. @throws SigningRefused */
    sign(bytes: Buffer): Promise<Buffer>;
}

/** A key did not sign. The message says what was asked, what was answered, and what to do. */
export class SigningRefused extends Error {
    constructor(message: string) {
        super(message);
        this.name = "SigningRefused";
    }
}

export interface KmsOptions {
    /** Access token of whoever signs; nothing where there is none. @default Application Default Credentials */
    accessToken?: () => Promise<string | undefined>;
    /** Where Cloud KMS listens. @default {@link kmsEndpoint} of this process */
    endpoint?: string;
    /** @default four attempts */
    patience?: Patience;
}

const algorithm = "EC_SIGN_P256_SHA256";
/** Google's account of a key's holder: it may sign, and see the public key. */
const role = "roles/cloudkms.signerVerifier";

/** A version of an asymmetric key in Cloud KMS, which never leaves it. */
export class KmsKey implements SigningKey {
    private readonly accessToken: () => Promise<string | undefined>;
    private readonly endpoint: string;
    private readonly patience: Patience;

    constructor(
        /** `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1` */
        readonly name: string,
        { accessToken = applicationDefault(), endpoint = kmsEndpoint(process.env), patience = patient }: KmsOptions = {},
    ) {
        this.accessToken = accessToken;
        this.endpoint = endpoint.replace(/\/$/, "");
        this.patience = patience;
    }

    async publicKey(): Promise<PublicKey> {
        const answer = await this.ask("GET", "/publicKey", "see the public key of");
        if (answer.algorithm !== algorithm) {
            throw this.refused(
                `${this.name} is a key for ${String(answer.algorithm)}, expected ${algorithm}`,
                "let the platform make one: take key out of platform.signing, then pulumi up -s <platform stack>",
            );
        }
        return readPublicKey(String(answer.pem));
    }

    async sign(bytes: Buffer): Promise<Buffer> {
        const digest = createHash("sha256").update(bytes).digest("base64");
        const { signature } = await this.ask("POST", ":asymmetricSign", "sign with", { digest: { sha256: digest } });
        return Buffer.from(String(signature), "base64");
    }

    private ask(method: string, path: string, action: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
        return retry(this.patience, async () => {
            const response = await this.send(method, path, action, body);
            const text = await response.text();
            if (response.ok) {
                return JSON.parse(text) as Record<string, unknown>;
            }
            const said = `Cannot ${action} ${this.name}: Cloud KMS answered ${response.status}: ${messageOf(text)}`;
            const error = this.refused(said, ...(remedies(this.name)[response.status] ?? []));
            throw [429, 500, 502, 503, 504].includes(response.status)
                ? new Transient(() => error, retryAfter(response.headers.get("retry-after") ?? undefined, Date.now()))
                : error;
        });
    }

    private async send(method: string, path: string, action: string, body?: object): Promise<Response> {
        const token = await this.token();
        try {
            return await fetch(`${this.endpoint}/v1/${this.name}${path}`, {
                method,
                headers: { authorization: `Bearer ${token}`, "user-agent": "oneflow", "content-type": "application/json" },
                ...(body && { body: JSON.stringify(body) }),
            });
        } catch (error) {
            const { cause, message } = error as Error;
            const why = cause instanceof Error ? cause : new Error(message);
            const final = this.refused(`Cannot ${action} ${this.name}: ${this.endpoint} cannot be reached: ${why.message}`);
            throw isCut(why) ? new Transient(() => final) : final;
        }
    }

    private async token(): Promise<string> {
        const login = "gcloud auth application-default login, as somebody who may sign";
        const token = await this.accessToken().catch((error: Error) => {
            throw this.refused(`Google Application Default Credentials gave no token: ${error.message}`, login);
        });
        if (token === undefined) {
            throw this.refused(`Cannot sign with ${this.name}: this machine has no Google Application Default Credentials`, login);
        }
        return token;
    }

    private refused(said: string, ...next: readonly string[]): SigningRefused {
        return new SigningRefused([said, ...next.map((line) => `→ ${line}`)].join("\n"));
    }
}

/**
 * Where Cloud KMS listens: `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS`, as gcloud has it for private endpoints, else Google's own.
 *
 * @throws SigningRefused where a token would go there unencrypted
 */
export function kmsEndpoint({ CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS: own }: NodeJS.ProcessEnv): string {
    if (!own) {
        return "https://cloudkms.googleapis.com";
    }
    const address = URL.canParse(own) ? new URL(own) : undefined;
    if (address?.protocol === "https:" || (address?.protocol === "http:" && isLoopback(address.host))) {
        return own;
    }
    throw new SigningRefused(
        `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS is ${JSON.stringify(own)}: expected https, because an access token is sent there`,
    );
}

function remedies(name: string): Readonly<Record<number, readonly string[]>> {
    const [, project, , location, , ring, , key] = name.split("/");
    const grant = `gcloud kms keys add-iam-policy-binding ${key} --keyring ${ring} --location ${location} --project ${project} --role ${role} --member=…`;
    return {
        401: ["gcloud auth application-default login"],
        403: ["pulumi up -s <platform stack>   # grants it to the releaser", `or: ${grant}`],
        404: ["pulumi up -s <platform stack>   # makes the key, unless platform.signing names another"],
    };
}

/** What Google says in the body of an error. */
function messageOf(text: string): string {
    try {
        return (JSON.parse(text) as { error?: { message?: string } }).error?.message ?? text;
    } catch {
        // A proxy in between answers in HTML.
        return text.slice(0, 200);
    }
}

const patient: Patience = {
    attempts: 4,
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
