import type { Plan } from "../promotion/model";
import { askedRef, shortCommit, tierAddress } from "../promotion/words";
import type { Environment } from "../settings/model";

/** What a deployment did, as Markdown for the job's summary: each service with its digest, and from where it came. */
export function describeDeployed(plan: Plan, before: Environment | undefined): string {
    const { environment, images, request, transitions } = plan;
    const runs = request.commit === "" ? "services of a working copy" : shortCommit(askedRef(request));
    const changed = new Set(transitions.map(({ image }) => image));
    const rows = Object.keys(images)
        .sort()
        .map((name) => {
            const image = images[name];
            const origin = "source" in image ? image.source.split("@")[0] : shortCommit(image.commit);
            return `| ${name} | \`${image.digest}\` | ${origin} | ${changed.has(name) ? "changed" : ""} |`;
        });
    const leaving = transitions.filter(({ to }) => to === undefined).map(({ image }) => `- ${image} left ${environment.name}`);
    return lines(
        `## ${environment.name} runs ${runs}`,
        "",
        `Asked for: ${environment.commit ?? "nothing"}. Images come from \`${tierAddress(before ?? environment)}\`.`,
        "",
        "| service | digest | built from | |",
        "| --- | --- | --- | --- |",
        ...rows,
        ...(leaving.length > 0 ? ["", ...leaving] : []),
        ...plan.notes.map((note) => `\n${note}`),
    );
}

/** A deployment that changed nothing or failed, in the words that the log has too. */
export function describeWords(headline: string, words: string): string {
    return lines(`## ${headline}`, "", "~~~", words.replaceAll("~~~", "~ ~ ~"), "~~~");
}

function lines(...text: readonly string[]): string {
    return `${text.join("\n")}\n`;
}
