import Mocha from "mocha";
import type { SuiteResult } from "./suites";

/** Mocha's own report, and what came of the tests for whoever started the process. */
class Reporter extends Mocha.reporters.Spec {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        super(runner, options);
        const skipped: string[] = [];
        const failures: string[] = [];
        runner.on("pending", (test) => skipped.push(test.fullTitle()));
        runner.on("fail", (test, error: Error) => failures.push([test.fullTitle(), error.stack ?? error.message].join("\n")));
        runner.once("end", () => {
            const result: SuiteResult = { passed: this.stats.passes, failures, skipped };
            // What stays open now is the tests' own doing, not this channel.
            process.send?.(result, () => process.disconnect());
        });
    }
}

// Mocha takes what the module is, not a default export.
export = Reporter;
