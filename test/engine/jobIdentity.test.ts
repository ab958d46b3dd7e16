import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deployer, email, member } from "../../core/workflows/identities";
import { organisation } from "../../sandbox/world/names";
import { job } from "../unit/jobs";
import { JobMachine, type Ended } from "./jobMachine";
import { deliveredShop, succeeded, type Shop } from "./shop";

const deployerOfStage = deployer({ name: "stage", project: organisation.projects.stage });
const auditor = { accountId: "auditor", project: organisation.projects.platform, description: "" };
const repository = { fullName: organisation.repository, id: 700001, ownerId: 4200, private: true };
const main = "refs/heads/main";

/** A binding, and the permission whose lack is named once it is gone. */
interface Needed {
    /** Resource that the binding is on, as a pattern. */
    on: RegExp;
    permission: string;
}

const registry = (project: string, repository: string) =>
    new RegExp(`^projects/${project}/locations/europe-west1/repositories/${repository}$`);
const pull = "artifactregistry.repositories.downloadArtifacts";

/** What a preview of stage meets, and a deployment. */
const metOnStage: readonly Needed[] = [
    { on: /^projects\/acme-stage$/, permission: "container.clusters.get" },
    { on: /^buckets\/acme-stage-pulumi-stage$/, permission: "storage.objects.list" },
    { on: /\/cryptoKeys\/pulumi-stage$/, permission: "cloudkms.cryptoKeyVersions.useToDecrypt" },
    { on: registry("acme-stage", "release-candidate"), permission: pull },
    { on: registry("acme-stage", "release-candidate-runs"), permission: pull },
    { on: registry("acme-dev", "develop"), permission: pull },
    { on: registry("acme-dev", "develop-runs"), permission: pull },
];

describe("A workflow's job, by its own identity alone", function () {
    this.timeout(900_000);
    let shop: Shop;
    let deploying: JobMachine;
    let looking: JobMachine;
    before(async () => {
        shop = await deliveredShop();
        const commit = await shop.change("cartservice", "a change that stage gets");
        succeeded(await shop.delivery.deployDev());
        await shop.delivery.configure("stage", ["commit", commit]);
        deploying = await JobMachine.start(shop.world, "deploy", job("deploy", { repository, environment: "stage", ref: main }));
        looking = await JobMachine.start(shop.world, "drift", job("drift", { repository, eventName: "schedule", ref: main }));
        ended(await deploying.actAs(email(deployerOfStage)), 0);
        ended(await looking.actAs(email(auditor)), 0);
    });
    after(async () => {
        await deploying?.stop();
        await looking?.stop();
    });
    const preview = (...more: string[]) =>
        looking.onStack("stage", ["pulumi preview --non-interactive --stack stage", ...more].join(" "));
    const deploy = () => deploying.onStack("stage", "pulumi up --yes --skip-preview --non-interactive --stack stage");

    it("gets no account but its own, whichever it asks for", async () => {
        const machine = await JobMachine.start(shop.world, "other", job("deploy", { repository, environment: "stage", ref: main }));
        const inputs = { token_format: "access_token", access_token_scopes: "a", access_token_lifetime: "60s" };
        const refused = await machine.actAs("deployer-prod@acme-prod.iam.gserviceaccount.com", inputs);
        assert.match(ended(refused, 1).text, /google-github-actions\/auth failed with: 403 .*iam\.serviceAccounts\.getAccessToken/);
        await machine.stop();
    });

    it("previews as the auditor, and writes nothing: not even a lock", async () => {
        const before = stateOf(shop, "stage");
        assert.match(ended(await preview("--refresh"), 0).text, /cartservice/);
        assert.equal(stateOf(shop, "stage"), before);
        const up = await looking.onStack("stage", "pulumi up --yes --skip-preview --non-interactive --stack stage");
        assert.match(ended(up, 1).text, /Permission 'storage\.objects\.create' denied/);
        assert.equal(stateOf(shop, "stage"), before);
    });

    it("fails as the auditor once any one binding is gone, and names what is missing", async () => {
        await eachMissing(shop, member(auditor), preview, metOnStage);
        const unseen = await withoutBinding(shop, "oneflow-auditor", () => preview("--refresh"));
        assert.match(unseen, /User "auditor@acme-delivery\.iam\.gserviceaccount\.com" cannot get resource/);
    });

    it("does not reach another environment as a deployer: neither its cluster nor its state", async () => {
        const elsewhere = await deploying.onStack("prod", "true");
        assert.match(ended(elsewhere, 1).text, /Required \\"container\.clusters\.get\\" permission/);
        const state = await deploying.onStack("stage", "PULUMI_BACKEND_URL=gs://acme-prod-pulumi-prod pulumi stack ls");
        assert.match(ended(state, 255).text, /'cloudkms\.cryptoKeyVersions\.useToDecrypt' denied on resource .*pulumi-prod/);
    });

    it("fails as the deployer once any one binding is gone, names what is missing, and then deploys", async () => {
        await eachMissing(shop, member(deployerOfStage), deploy, metOnStage);
        const forbidden = await withoutBinding(shop, "oneflow-deployer", deploy);
        assert.match(forbidden, /User "deployer-stage@acme-stage\.iam\.gserviceaccount\.com" cannot \w+ resource/);
        assert.match(ended(await deploy(), 0).text, /cartservice/);
    });

    it("has tried every binding of its identities that it meets today", () => {
        const tried = [...triedBindings].sort();
        const granted = [deployerOfStage, auditor].flatMap((identity) =>
            bindingsOf(shop, member(identity)).map((on) => `${identity.accountId} ${on}`),
        );
        const notMet = granted.filter((one) => !tried.includes(one));
        assert.deepEqual(
            notMet.sort(),
            [
                // The same as in stage.
                ...["acme-dev", "acme-prod"].map((project) => `auditor projects/${project}`),
                ...["dev", "prod"].map((stack) => `auditor buckets/acme-${stack}-pulumi-${stack}`),
                ...["dev", "prod"].map(
                    (stack) => `auditor projects/acme-${stack}/locations/europe-west1/keyRings/oneflow/cryptoKeys/pulumi-${stack}`,
                ),
                ...["stable", "stable-runs"].map(
                    (tier) => `auditor projects/acme-prod/locations/europe-west1/repositories/${tier}`,
                ),
                // Nothing is read from where releases go before there are any.
                ...["auditor", "deployer-stage"].map(
                    (who) => `${who} projects/acme-delivery/locations/europe-west1/repositories/deploy`,
                ),
            ].sort(),
        );
    });
});

const triedBindings = new Set<string>();

/** Runs a flow once without each of the bindings. */
async function eachMissing(shop: Shop, who: string, flow: () => Promise<Ended>, needed: readonly Needed[]): Promise<void> {
    const { iam } = shop.world.cloud;
    for (const { on, permission } of needed) {
        const [resource, ...more] = bindingsOf(shop, who).filter((name) => on.test(name));
        assert.ok(resource !== undefined && more.length === 0, `${who} has not one binding on ${on.source}`);
        triedBindings.add(`${who.split(":")[1].split("@")[0]} ${resource}`);
        const bindings = iam.bindings(resource).filter((binding) => binding.member === who);
        for (const { role, member } of bindings) iam.revoke(resource, role, member);
        const { code, text } = await flow();
        for (const { role, member } of bindings) iam.grant(resource, role, member);
        assert.notEqual(code, 0, `${who} did as well without ${resource}`);
        assert.ok(text.includes(permission), `${permission} is not named without ${resource}:\n${text.slice(-2000)}`);
    }
}

/** Runs a flow without a RoleBinding of the namespace, and gives what was said. */
async function withoutBinding({ world }: Shop, name: string, flow: () => Promise<Ended>): Promise<string> {
    const objects = world.cloud.objects("acme-stage/europe-west1/acme-shop-stage");
    const binding = objects.get("RoleBinding", "acme-shop-stage", name)!;
    objects.delete(binding);
    const { code, text } = await flow();
    objects.put(binding);
    assert.notEqual(code, 0, `as well without the RoleBinding ${name}`);
    return text;
}

/** Names of the resources that a member is bound on. */
function bindingsOf({ world }: Shop, who: string): string[] {
    const { store, iam } = world.cloud;
    const named = store.names("policies").map((name) => name.slice("policies/".length));
    return named.filter((name) => iam.bindings(name).some((binding) => binding.member === who));
}

/** Every file of a stack's state. */
function stateOf({ world }: Shop, stack: string): string {
    const hash = createHash("sha256");
    const folder = world.layout.state(stack);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of files.map((entry) => join(entry.parentPath, entry.name)).sort())
        hash.update(file).update(readFileSync(file));
    return hash.digest("hex");
}

function ended(run: Ended, code: number): Ended {
    assert.equal(run.code, code, run.text.slice(-3000));
    return run;
}
