import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { renderDefaultDeny } from "../../core/manifests/networkPolicy";
import { renderService } from "../../core/manifests/workload";
import { pinnedImage } from "../../core/release/addresses";
import { toolPath } from "../../sandbox/toolchain/toolchain";
import { digest, environmentOf, settings } from "./cluster";
import { everyKind, renderEntries } from "./everyKind";

/** Check and object → why the finding stays. */
const reasons: Record<string, string> = {
    ...Object.fromEntries(
        Object.keys(settings.catalog.services).map((service) => [
            `CKV_K8S_40 a user id from 10000 up: Deployment ${service}`,
            "the manifests that the shop's teams gave say user 1000, and their images own their files by it",
        ]),
    ),
    "CKV_K8S_8 liveness probe: Deployment loadgenerator":
        "a worker has no port to ask at; where its process ends it is started again",
    "CKV_K8S_9 readiness probe: Deployment loadgenerator": "a worker gets no requests that could be sent too early",
    "CKV_K8S_8 liveness probe: Deployment moving": "the same: a worker whose entry names no check",
    "CKV_K8S_9 readiness probe: Deployment moving": "the same: a worker whose entry names no check",
};

describe("checkov on everything that is rendered", function () {
    this.timeout(180_000);
    const folder = mkdtempSync(join(tmpdir(), "oneflow-checkov-"));
    let report: Report;

    before(async () => {
        const environment = environmentOf("prod");
        const { name, namespace, project } = environment;
        const image = (imageName: string) => pinnedImage(environment, imageName, digest("7"));
        const { services } = settings.catalog;
        const context = { environment: name, cloudProject: project, namespace, partOf: settings.project, services, image };
        const shop = Object.values(services).flatMap((service) => Object.values(renderService(service, context)).flat());
        const objects = [...shop, renderDefaultDeny(context), ...renderEntries(everyKind, environment, image)];
        const file = join(folder, "all.yaml");
        writeFileSync(file, objects.map((object) => `---\n${JSON.stringify(object)}\n`).join(""));
        const options = ["--framework", "kubernetes", "--output", "json", "--skip-download", "--soft-fail"];
        const { stdout } = await promisify(execFile)(await toolPath("checkov"), ["--file", file, ...options], {
            maxBuffer: 64 * 1024 * 1024,
        });
        report = JSON.parse(stdout) as Report;
    });

    after(() => rmSync(folder, { recursive: true }));

    it("finds nothing that has no reason, and has no reason for what it does not find", () => {
        const { failed_checks } = report.results;
        const found = failed_checks.map(
            ({ check_id, resource }) => `${described(check_id)}: ${resource.replace(/^(\w+)\..*\./, "$1 ")}`,
        );
        assert.deepEqual(found.sort(), Object.keys(reasons).sort());
    });

    it("looks at every kind of object that has pods, and at what stands beside them", () => {
        const judged = new Set(report.results.passed_checks.map(({ resource }) => resource.split(".")[0]));
        for (const kind of ["Deployment", "StatefulSet", "CronJob", "Job", "Service", "ServiceAccount"]) {
            assert.ok(judged.has(kind), `no check passed on a ${kind}`);
        }
        assert.equal(report.summary.parsing_errors, 0);
    });
});

interface Report {
    results: Record<"failed_checks" | "passed_checks", { check_id: string; resource: string }[]>;
    summary: { parsing_errors: number };
}

/** checkov's own ids say little. */
function described(check: string): string {
    const meaning: Record<string, string> = {
        CKV_K8S_8: "liveness probe",
        CKV_K8S_9: "readiness probe",
        CKV_K8S_40: "a user id from 10000 up",
    };
    return `${check} ${meaning[check] ?? "not described here"}`;
}
