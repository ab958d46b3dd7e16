import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { version as sdkVersion } from "@pulumi/pulumi/version";
import type { Problem } from "../../core/refusal";
import { run } from "./run";
import type { Source } from "./source";

/**
 * Pulumi's own release of the SDK's version, by the SDK's installer: half a minute instead of a build of minutes, where the internet is open.
 *
 * Not in CI: there a run must not depend on a host that the pinned modules do not come from.
 */
export class OfficialRelease implements Source {
    readonly label = "official release";
    readonly expectedMinutes = 0;
    readonly version = `v${sdkVersion}`;
    private obstacle: Promise<string | undefined> | undefined;

    async cacheName(): Promise<string> {
        return `pulumi-official-${this.version}-${process.platform}-${process.arch}`;
    }

    async unavailable(): Promise<Omit<Problem, "subject"> | undefined> {
        if (process.env.CI) return { message: "not asked for in CI" };
        const obstacle = await (this.obstacle ??= probe(
            `${releases}/pulumi-${this.version}-${process.platform}-${process.arch}.tar.gz`,
        ));
        return obstacle === undefined ? undefined : { message: `${releases} cannot be used: ${obstacle}` };
    }

    async make(folder: string, log: string): Promise<void> {
        const root = join(folder, "installed");
        // A process of its own, because the installer knows no timeout.
        const install = `require(process.argv[1]).PulumiCommand.install({ root: process.argv[2] })`;
        await run(process.execPath, ["-e", install, require.resolve("@pulumi/pulumi/automation"), root], {
            log,
            timeout: installTimeout,
        });
        for (const program of ["pulumi", "pulumi-language-nodejs"]) renameSync(join(root, "bin", program), join(folder, program));
        rmSync(root, { recursive: true });
        await run(join(folder, "pulumi"), ["version"], { log });
    }
}

const releases = "https://get.pulumi.com/releases/sdk";
const installTimeout = 5 * 60_000;
const probeTimeout = 3_000;
// The archive has more bytes than this; a proxy's error page has fewer.
const smallestArchive = 10_000_000;

/** Why the archive cannot be had. Nothing where it can. */
async function probe(url: string): Promise<string | undefined> {
    try {
        const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(probeTimeout) });
        const size = Number(response.headers.get("content-length"));
        return response.ok && size > smallestArchive ? undefined : `HTTP ${response.status}, ${size} bytes`;
    } catch (error) {
        const { message, cause } = error as Error;
        return cause instanceof Error && cause.message ? cause.message : message;
    }
}
