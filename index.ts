import "./bin/quickStart";
import * as pulumi from "@pulumi/pulumi";
import { reported } from "./components/reported";
import { planPromotion } from "./core/facts/planPromotion";
import { readKept } from "./core/facts/readKept";
import { loadSettings } from "./core/settings/load";

/** Settings → digests → one component. Whatever is refused is refused here, before the first resource is registered. */
async function oneflow(): Promise<Record<string, unknown>> {
    const settings = loadSettings({ directory: process.cwd(), stack: pulumi.getStack(), config: pulumi.runtime.allConfig() });
    const { target, project } = settings;

    if (target.kind === "platform") {
        const { Platform } = await import("./components/platform");
        const { GithubClient } = await import("./core/github/client");
        const { readRepositories } = await import("./core/github/readRepositories");
        const repositories = target.shared ? await readRepositories(settings, GithubClient.of(process.env)) : [];
        const { deployers, publicKey } = new Platform(project, { settings, target, repositories });
        return { deployers, ...(publicKey && { publicKey }) };
    }

    const { environment } = target;
    const outcome = await planPromotion(settings, environment);
    const kept = await readKept(project, environment);
    const { Environment } = await import("./components/environment");
    const { registered } = new Environment(project, { settings, environment, outcome, kept });
    return { ...(await registered) };
}

export = () =>
    oneflow().catch((error: unknown) => {
        throw reported(error);
    });
