import { readFileSync } from "node:fs";
import { stateBucket } from "../../core/settings/state";
import { OidcIssuer } from "../github/oidc";
import { serveGoogle, type GoogleServer } from "../google/server";
import type { Cloud } from "../providers/cloud";
import type { Layout } from "./layout";
import { organisation } from "./names";

/** Serves the world's Google Cloud to the jobs of its GitHub, whose tokens alone it takes. */
export function serveWorldGoogle(where: Layout, cloud: Cloud, port: number): Promise<GoogleServer> {
    const github = issuerOf(where);
    return serveGoogle({
        cloud,
        port,
        issuers: { [github.issuer]: github.keys() },
        stacks: {
            stateFolder: (bucket) => stateFolders(where)[bucket],
            passphrase: () => readFileSync(where.passphrase, "utf8"),
        },
    });
}

/** Who issues the tokens of the world's jobs. */
export function issuerOf({ oidcKey }: Layout): OidcIssuer {
    return OidcIssuer.open(oidcKey);
}

/** Bucket → the folder that people reach the same state in. */
function stateFolders({ state }: Layout): Record<string, string> {
    const stacks = Object.entries(organisation.projects);
    return Object.fromEntries(stacks.map(([stack, project]) => [stateBucket(project, stack), state(stack)]));
}
