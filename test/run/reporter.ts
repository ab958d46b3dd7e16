import Mocha from "mocha";
import type { SuiteResult } from "./suites";

/** Mocha's own report, and the counts for whoever started the process. */
class Reporter extends Mocha.reporters.Spec {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        super(runner, options);
        const skipped: string[] = [];
        runner.on("pending", (test) => skipped.push(test.fullTitle()));
        runner.once("end", () => {
            const { passes: passed, failures: failed } = this.stats;
            const result: SuiteResult = { passed, failed, skipped };
            // What stays open now is the tests' own doing, not this channel.
            process.send?.(result, () => process.disconnect());
        });
    }
}

// Mocha takes what the module is, not a default export.
export = Reporter;
