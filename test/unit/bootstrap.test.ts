import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";
import { shellLine } from "../../core/bootstrap/run";
import { bootstrapStacks, bootstrapSteps } from "../../core/bootstrap/steps";
import { environment, settings } from "../components/settings";
import { oneflowIn } from "./command";
import { environmentFile, type Files, platformFile, valid } from "./settingsFixture";

describe("the steps of the bootstrap", () => {
    const now = new Date("2026-11-22T07:30:00.123Z");
    const stacks = bootstrapStacks(
        { ...settings(), environments: [environment("dev"), environment("prod", { promotesFrom: "dev" })] },
        ["platform", "platform-prod"],
        new Set(["dev"]),
    );

    it("keep a platform's state with the deploy registry, and an environment's in its own project", () => {
        assert.deepEqual(
            stacks.map(({ name, project, initialised }) => [name, project, initialised]),
            [
                ["platform", "acme-delivery", false],
                ["platform-prod", "acme-delivery", false],
                ["dev", "acme-dev", true],
                ["prod", "acme-prod", false],
            ],
        );
    });

    it("look at every project before the first change, and name each thing once", () => {
        const titles = bootstrapSteps(stacks, now).map(({ title }) => title);
        assert.deepEqual(titles.slice(0, 10), [
            "project acme-delivery",
            "project acme-dev",
            "project acme-prod",
            "APIs of acme-delivery",
            "APIs of acme-dev",
            "APIs of acme-prod",
            "key ring oneflow of acme-delivery in europe-west1",
            "key ring oneflow of acme-dev in europe-west1",
            "key ring oneflow of acme-prod in europe-west1",
            "bucket acme-delivery-pulumi-platform",
        ]);
        assert.deepEqual(titles.slice(-4), ["stack platform", "stack platform-prod", "stack dev", "stack prod"]);
        assert.equal(new Set(titles).size, titles.length);
    });

    it("are these commands for an environment", () => {
        const made = bootstrapSteps([{ name: "dev", project: "acme-dev", region: "europe-west1", initialised: false }], now);
        const commands = made.flatMap(({ make, variables }) => (make ? [shellLine(make, variables)] : []));
        const page = readFileSync(join(__dirname, "..", "..", "docs", "bootstrap.md"), "utf8");
        assert.equal(/<!-- output of oneflow bootstrap, stack dev -->\n\n```\n([^]*?)\n```/.exec(page)?.[1], commands.join("\n"));
        assert.deepEqual(commands, [
            "gcloud services enable serviceusage.googleapis.com cloudresourcemanager.googleapis.com storage.googleapis.com cloudkms.googleapis.com --project acme-dev",
            "gcloud kms keyrings create oneflow --project acme-dev --location europe-west1",
            "gcloud storage buckets create gs://acme-dev-pulumi-dev --project acme-dev --location europe-west1 --uniform-bucket-level-access --public-access-prevention",
            "gcloud storage buckets update gs://acme-dev-pulumi-dev --versioning",
            "gcloud kms keys create pulumi-dev --keyring oneflow --project acme-dev --location europe-west1 --purpose encryption --rotation-period 90d --next-rotation-time 2027-02-20T07:30:00Z",
            "PULUMI_BACKEND_URL=gs://acme-dev-pulumi-dev pulumi stack init dev --secrets-provider gcpkms://projects/acme-dev/locations/europe-west1/keyRings/oneflow/cryptoKeys/pulumi-dev",
        ]);
    });
});

/** gcloud and pulumi as far as the bootstrap knows them: each writes down its calls, and keeps what it made in files. */
const programs = {
    gcloud: `#!/bin/sh
cd "$RECORD"
echo "gcloud $*" >> calls
if [ -f fail ] && case "$*" in *"$(cat fail)"*) true;; *) false;; esac; then echo "ERROR: (gcloud) PERMISSION_DENIED: no" >&2; exit 1; fi
last() { for one; do :; done; echo "$one"; }
case "$*" in
    "projects describe "*) if grep -qx "$3" projects; then echo "$3"; else echo "ERROR: you do not have permission to access projects instance [$3] (or it may not exist)" >&2; exit 1; fi;;
    "services list "*) touch "apis.$5"; cat "apis.$5";;
    "services enable "*) project="$(last "$@")"; shift 2; for api; do case "$api" in *.com) echo "$api" >> "apis.$project";; esac; done;;
    "kms keyrings list "*) touch "rings.$5"; cat "rings.$5";;
    "kms keyrings create "*) echo "projects/$6/locations/$8/keyRings/$4" >> "rings.$6";;
    "kms keys list "*) touch "keys.$7"; cat "keys.$7";;
    "kms keys create "*) echo "projects/$8/locations/\${10}/keyRings/oneflow/cryptoKeys/$4" >> "keys.$8";;
    "storage buckets list "*) touch "buckets.$5"; cat "buckets.$5";;
    "storage buckets create "*) echo "\${4#gs://}" >> "buckets.$6";;
    "storage buckets describe "*) if [ -f "versioned.\${4#gs://}" ]; then echo True; fi;;
    "storage buckets update "*) touch "versioned.\${4#gs://}";;
    *) echo "unknown: gcloud $*" >&2; exit 64;;
esac
`,
    pulumi: `#!/bin/sh
stacks="$RECORD/stacks.\${PULUMI_BACKEND_URL#gs://}"
echo "pulumi $* on $PULUMI_BACKEND_URL" >> "$RECORD/calls"
case "$*" in
    "stack ls --json") if [ -f "$stacks" ]; then cat "$stacks"; else echo "[]"; fi;;
    "stack init "*)
        echo "[{\\"name\\": \\"organization/shop/$3\\", \\"current\\": true}]" > "$stacks"
        printf 'secretsprovider: %s\\nencryptedkey: b64==\\n' "$5" >> "Pulumi.$3.yaml";;
    *) echo "unknown: pulumi $*" >&2; exit 64;;
esac
`,
};

describe("oneflow bootstrap", () => {
    const before = { path: process.env.PATH, record: process.env.RECORD };
    let folder: string;
    let record: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "oneflow-bootstrap-"));
        record = join(folder, "record");
        mkdirSync(join(folder, "bin"));
        mkdirSync(record);
        for (const [name, text] of Object.entries(programs)) {
            writeFileSync(join(folder, "bin", name), text);
            chmodSync(join(folder, "bin", name), 0o755);
        }
        process.env.PATH = [join(folder, "bin"), before.path].join(delimiter);
        process.env.RECORD = record;
        writeFileSync(join(record, "projects"), "acme-delivery\nacme-dev\n");
        settingsAre({
            ...valid,
            "Pulumi.platform.yaml": platformFile({ environments: ["dev"] }),
            "Pulumi.dev.yaml": environmentFile("dev"),
            "Pulumi.stage.yaml": undefined,
            "Pulumi.prod.yaml": undefined,
        });
    });
    afterEach(() => {
        process.env.PATH = before.path;
        if (before.record === undefined) delete process.env.RECORD;
        else process.env.RECORD = before.record;
        rmSync(folder, { recursive: true });
    });

    const settingsAre = (files: Files) => {
        for (const [name, content] of Object.entries(files)) {
            if (content !== undefined) writeFileSync(join(folder, name), stringify(content));
        }
    };
    const bootstrap = (...args: string[]) => oneflowIn(folder, ["bootstrap", ...args]);
    const calls = () =>
        existsSync(join(record, "calls")) ? readFileSync(join(record, "calls"), "utf8").trimEnd().split("\n") : [];
    const changes = () => calls().filter((call) => / (create|enable|update|init) /.test(call));

    it("prints what it would run, and runs nothing unless somebody says yes", async () => {
        const { status, stdout } = await bootstrap();
        assert.equal(status, 0);
        assert.match(stdout, /^The projects acme-delivery, acme-dev must exist and have billing, and you own them/);
        assert.match(stdout, /^ {2}gcloud kms keyrings create oneflow --project acme-dev --location europe-west1$/m);
        assert.match(stdout, /\nNothing was run\. To run them: npx oneflow bootstrap --yes\n$/);
        assert.deepEqual(calls(), []);
    });

    it("makes everything from empty projects, and gives each stack file its lines", async () => {
        const { status, stdout, stderr } = await bootstrap("--yes");
        assert.equal(status, 0, stderr);
        assert.match(stdout, /\n\[1\/14\] project acme-delivery: there already\n/);
        assert.match(stdout, /\n\[14\/14\] stack dev: made\n12 made, 2 there already\.\n\nNext:\n {2}git add Pulumi\.\*\.yaml/);
        assert.equal(changes().length, 12);
        assert.ok(
            calls().includes(
                "pulumi stack init platform --secrets-provider gcpkms://projects/acme-delivery/locations/europe-west1/keyRings/oneflow/cryptoKeys/pulumi-platform on gs://acme-delivery-pulumi-platform",
            ),
        );
        assert.match(
            readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8"),
            /^secretsprovider: gcpkms:.*\/pulumi-dev\nencryptedkey: /m,
        );
    });

    it("changes nothing when it runs again", async () => {
        await bootstrap("--yes");
        const first = changes();
        const { status, stdout } = await bootstrap("--yes");
        assert.equal(status, 0);
        assert.match(stdout, /\n0 made, 14 there already\.\n/);
        assert.deepEqual(changes(), first);
    });

    it("stops where a step fails, says how to go on, and goes on there", async () => {
        writeFileSync(join(record, "fail"), "kms keys create pulumi-platform");
        const stopped = await bootstrap("--yes");
        assert.equal(stopped.status, 1);
        assert.match(
            stopped.stderr,
            /^oneflow bootstrap stopped at step \[9\/14\]; 6 things before it made and kept:\n {2}key pulumi-platform of acme-delivery\n/,
        );
        assert.match(
            stopped.stderr,
            /\n +\$ gcloud kms keys create pulumi-platform .*\n +ERROR: \(gcloud\) PERMISSION_DENIED: no\n +→ you need roles\/cloudkms\.admin on the project\n +→ then: npx oneflow bootstrap, which leaves alone what is there\n$/,
        );
        assert.equal(calls().at(-1)?.startsWith("gcloud kms keys create pulumi-platform"), true);
        rmSync(join(record, "fail"));
        const { stdout } = await bootstrap("--yes");
        assert.match(stdout, /\n6 made, 8 there already\.\n/);
        assert.equal(changes().length, 7 + 6);
    });

    it("takes an answer that it may not read for no answer: it makes nothing that may be there", async () => {
        writeFileSync(join(record, "fail"), "buckets list --project acme-dev");
        const { status } = await bootstrap("--yes");
        assert.equal(status, 1);
        assert.ok(!calls().some((call) => call.includes("buckets create gs://acme-dev-pulumi-dev")));
    });

    it("changes nothing where a project is not there, or not the caller's", async () => {
        writeFileSync(join(record, "projects"), "acme-delivery\n");
        const { status, stderr } = await bootstrap("--yes");
        assert.equal(status, 2);
        assert.match(
            stderr,
            /^oneflow bootstrap stopped at step \[2\/14\], nothing was changed:\n {2}project acme-dev {2}\$ gcloud projects describe acme-dev/,
        );
        assert.match(
            stderr,
            /→ correct gcp:project in Pulumi\.dev\.yaml\n +→ or make it: gcloud projects create acme-dev && gcloud billing/,
        );
        assert.deepEqual(changes(), []);
    });

    it("makes a stack again whose lines are not in this checkout, and one whose lines are there but not its state", async () => {
        await bootstrap("--yes");
        settingsAre({ "Pulumi.dev.yaml": environmentFile("dev") });
        rmSync(join(record, "stacks.acme-delivery-pulumi-platform"));
        const { stdout } = await bootstrap("--yes");
        assert.match(stdout, /stack platform: made\n.*stack dev: made\n2 made, 12 there already\./);
    });

    it("takes one stack alone", async () => {
        const { status } = await bootstrap("--yes", "--stack", "dev");
        assert.equal(status, 0);
        assert.ok(changes().every((call) => call.includes("acme-dev")));
        const { status: refused, stderr } = await bootstrap("--stack", "deb");
        assert.equal(refused, 2);
        assert.match(stderr, /--stack deb {2}is no stack; did you mean "dev"\?/);
    });

    it("says what to install where a program is missing", async () => {
        process.env.PATH = join(folder, "record");
        const { status, stderr } = await bootstrap("--yes");
        assert.equal(status, 1);
        assert.match(
            stderr,
            /^gcloud cannot be run: .*\n→ install it: https:\/\/cloud\.google\.com\/sdk\/docs\/install\n→ then: npx oneflow bootstrap\n$/,
        );
    });
});
