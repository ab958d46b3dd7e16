import type { Problem } from "../refusal";
import type { Catalog, Delivery, Environment } from "./model";

/** Refuses teams of another owner than the repositories that they would act on: GitHub knows none there. */
export function refuseForeignTeams(
    environments: readonly Environment[],
    delivery: Delivery,
    catalog: Catalog,
    project: string,
    problems: Problem[],
): void {
    const operations = ownerOf(delivery.operations.repository);
    const sources = Object.values(catalog.services).flatMap(({ image }) =>
        image.from === "source" ? [ownerOf(image.repository)] : [],
    );
    const judge = (subject: string, teams: readonly string[] = [], owners: readonly string[]) => {
        for (const team of teams) {
            const foreign = [...new Set(owners)].find((owner) => owner !== ownerOf(team));
            if (foreign !== undefined) {
                problems.push({
                    subject,
                    message: `${team} is no team of ${foreign}, whose repositories it is asked about; expected ${foreign}/<team>`,
                    remedy: "name a team of the owner of the repositories, or delete the line",
                });
            }
        }
    };
    for (const { name, promotesFrom, reviewers } of environments) {
        judge(`Pulumi.${name}.yaml: ${project}:environment.reviewers`, reviewers, promotesFrom ? [operations] : sources);
    }
    judge(`${project}:platform.releasers`, delivery.releasers, [operations, ...sources]);
}

/** GitHub tells no names apart by case. */
function ownerOf(name: string): string {
    return name.split("/")[0].toLowerCase();
}
