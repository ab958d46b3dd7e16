import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentExports, main } from "../../cli/env";
import { Refusal } from "../../core/refusal";

const example = join(__dirname, "..", "..");

describe("oneflow env", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "oneflow-env-"));
        for (const file of [
            "Pulumi.yaml",
            "Pulumi.platform.yaml",
            "Pulumi.dev.yaml",
            "Pulumi.stage.yaml",
            "Pulumi.prod.yaml",
            "services.yaml",
        ]) {
            cpSync(join(example, file), join(directory, file));
        }
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    const local = (stack: string, text: string) => {
        mkdirSync(join(directory, ".oneflow"), { recursive: true });
        writeFileSync(join(directory, ".oneflow", `${stack}.env`), text);
    };

    it("gives each stack its own state and its own kubeconfig, and fetches a context that is missing", () => {
        assert.deepEqual(environmentExports(directory, "stage").split("\n"), [
            "export PULUMI_BACKEND_URL='gs://acme-stage-pulumi-stage'",
            "export PULUMI_STACK='stage'",
            `export KUBECONFIG='${join(directory, ".oneflow", "kubeconfig.stage")}'`,
            "gcloud container clusters get-credentials acme-shop-stage --region europe-west1 --project acme-stage --dns-endpoint",
        ]);
    });

    it("needs no cluster for the platform, whose state is its own project's", () => {
        assert.deepEqual(environmentExports(directory, "platform").split("\n"), [
            "export PULUMI_BACKEND_URL='gs://acme-delivery-pulumi-platform'",
            "export PULUMI_STACK='platform'",
        ]);
    });

    it("fetches no context that the kubeconfig has", () => {
        const kubeconfig = join(directory, "kubeconfig");
        const context = "gke_acme-stage_europe-west1_acme-shop-stage";
        writeFileSync(kubeconfig, JSON.stringify({ contexts: [{ name: context, context: { cluster: context, user: "me" } }] }));
        local("stage", `KUBECONFIG="${kubeconfig}"\n`);
        assert.ok(!environmentExports(directory, "stage").includes("gcloud"));
    });

    it("lets a machine's own file add exports and replace them, for its own stack alone", () => {
        local("stage", 'PULUMI_BACKEND_URL="file:///srv/state"\nPULUMI_CONFIG_PASSPHRASE_FILE="/srv/passphrase"\n');
        const exports = environmentExports(directory, "stage").split("\n");
        assert.deepEqual(exports[0], "export PULUMI_BACKEND_URL='file:///srv/state'");
        assert.ok(exports.includes("export PULUMI_CONFIG_PASSPHRASE_FILE='/srv/passphrase'"));
        assert.match(environmentExports(directory, "prod"), /^export PULUMI_BACKEND_URL='gs:\/\/acme-prod-pulumi-prod'$/m);
    });

    it("prints what a shell reads back unchanged, whatever stands in a value", () => {
        const odd = `it's $HOME \`date\` "x" \\ ;`;
        local("platform", `ODD=\`${odd.replace(/`/g, "")}\`\n`);
        const script = `${environmentExports(directory, "platform")}\nprintf %s "$ODD"`;
        assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), odd.replace(/`/g, ""));
    });

    it("refuses to guess a stack", async () => {
        await assert.rejects(
            main([]),
            (error) => error instanceof Refusal && error.message.includes('eval "$(npx oneflow env stage)"'),
        );
        assert.throws(() => environmentExports(directory, "qa"), Refusal);
    });
});
