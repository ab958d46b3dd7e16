import { list } from "../promotion/words";
import type { Problem } from "../refusal";

/**
 * Why a promotion does not begin: what it would delete was not named, or something was named that stays.
 *
 * @param removals images that leave the environment
 * @param confirmed those that whoever promotes has named
 */
export function unconfirmedRemovals(environment: string, removals: readonly string[], confirmed: readonly string[]): Problem[] {
    const silent = removals.filter((image) => !confirmed.includes(image));
    const staying = confirmed.filter((image) => !removals.includes(image));
    const remedy = removals.length > 0 ? `--removes ${removals.join(",")}` : "leave --removes out";
    return [
        ...(silent.length > 0
            ? [
                  {
                      subject: environment,
                      message: `${list(silent)} would leave it, with all objects of theirs. --yes alone does not confirm that.`,
                      remedy,
                  },
              ]
            : []),
        ...(staying.length > 0
            ? [{ subject: environment, message: `${list(staying)} would not leave it, and was named with --removes.`, remedy }]
            : []),
    ];
}
