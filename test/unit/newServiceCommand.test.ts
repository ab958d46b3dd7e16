import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exposedPort, newEntry } from "../../core/newService/entry";
import { readSettings } from "../../core/settings/load";
import { stacksIn } from "../../core/settings/stackFile";
import { oneflowIn } from "./command";

const project = join(__dirname, "..", "..");

describe("oneflow new", () => {
    let folder: string;
    let before: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "oneflow-new-"));
        for (const file of ["Pulumi.yaml", ...stacksIn(project).map((stack) => `Pulumi.${stack}.yaml`), "services.yaml"]) {
            cpSync(join(project, file), join(folder, file));
        }
        mkdirSync(join(folder, "src/giftservice"), { recursive: true });
        writeFileSync(join(folder, "src/giftservice/Dockerfile"), "FROM scratch\nEXPOSE 6060\n");
        before = catalog();
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const catalog = () => readFileSync(join(folder, "services.yaml"), "utf8");
    const add = (...args: string[]) => oneflowIn(folder, ["new", ...args]);

    it("adds an entry and no other line, and shows what will come of it", async () => {
        const { status, stdout, stderr } = await add("giftservice", "--health", "grpc", "--calls", "productcatalogservice");
        assert.equal(status, 0, stderr);
        const entry = [
            "  giftservice:",
            "    source: src/giftservice",
            "    port: 6060",
            "    health: grpc",
            "    calls: [productcatalogservice]",
        ];
        assert.equal(catalog(), `${before}\n${entry.join("\n")}\n`);
        assert.equal(
            stdout,
            `${[
                "services.yaml got",
                "",
                ...entry,
                "",
                "What comes of it",
                "  built from        src/giftservice of acme/shop, once for each content",
                "  image             europe-west1-docker.pkg.dev/acme-dev/develop/giftservice",
                "                    europe-west1-docker.pkg.dev/acme-stage/release-candidate/giftservice",
                "                    europe-west1-docker.pkg.dev/acme-prod/stable/giftservice",
                "  dev, stage, prod  adds Deployment giftservice, NetworkPolicy giftservice, Service giftservice, ServiceAccount giftservice; changes NetworkPolicy productcatalogservice",
                "  workflows         none changes: they read services.yaml",
                "  platform          nothing",
                "",
                "Next",
                '  git add services.yaml src/giftservice && git commit -m "Add giftservice" && git push origin HEAD:develop',
                "  pulumi config set commit latest -s dev   # unless it follows already: then the push deploys it there",
                "  pulumi config set commit <ref> -s stage && pulumi up -s stage",
                "  pulumi config set commit <ref> -s prod && pulumi up -s prod",
            ].join("\n")}\n`,
        );
        const readme = readFileSync(join(project, "README.md"), "utf8");
        assert.ok(readme.includes(stdout.slice(0, stdout.indexOf("\n\nNext"))), "the README shows another output");
        const { services } = readSettings({ directory: folder, stack: "prod" }).catalog;
        assert.deepEqual(services.giftservice.ports, [{ name: "grpc", port: 6060, target: 6060 }]);
    });

    it("writes nothing in a dry run", async () => {
        const { status, stdout } = await add("giftservice", "--dry-run");
        assert.equal(status, 0);
        assert.match(stdout, /^services\.yaml would get\n/);
        assert.match(stdout, /\nNothing was written\. Without --dry-run, next:\n/);
        assert.equal(catalog(), before);
    });

    it("names the workflow files that another repository needs, and the platform that delivers them", async () => {
        const { stdout } = await add("gift", "--repository", "acme/gift", "--source", ".", "--port", "80");
        assert.match(stdout, /^ {4}source: \{ repository: acme\/gift, path: "\." \}$/m);
        assert.match(
            stdout,
            /^ {2}workflows +acme\/gift: \.github\/workflows\/oneflow-pull-request\.yml, \.github\/workflows\/oneflow-push\.yml$/m,
        );
        assert.match(
            stdout,
            /\nNext\n {2}git add services\.yaml && git commit -m "Add gift" && git push origin HEAD:main\n {2}pulumi up -s platform\n {2}git push origin HEAD:develop {3}# in acme\/gift, with \.\n/,
        );
    });

    it("adds a cron without port and probes", async () => {
        const { status, stderr } = await add("report", "--kind", "cron", "--schedule", "30 3 * * *", "--yes", "--env", "MODE=a=b");
        assert.equal(status, 0, stderr);
        assert.equal(
            catalog().slice(before.length),
            "\n  report:\n    source: src/report\n    kind: cron\n    schedule: 30 3 * * *\n    env: { MODE: a=b }\n",
        );
    });

    const refused = async (...args: string[]) => {
        const { status, stderr, stdout } = await add(...args);
        assert.deepEqual([status, stdout, catalog()], [2, "", before]);
        return stderr;
    };

    it("tells every fault at once, and changes nothing", async () => {
        const stderr = await refused("Gift_service", "--port", "99999", "--calls", "nobody", "--env", "MODE", "--kind", "crown");
        assert.match(stderr, /^No service was added, nothing was changed:\n/);
        for (const fault of [
            /--env MODE +expected a name, = and a text/,
            /src\/Gift_service\/Dockerfile +does not exist in this checkout of acme\/shop/,
            /"Gift_service" is not a service name/,
            /services\.Gift_service\.port\n +99999 is not a port number/,
            /services\.Gift_service\.kind\n +"crown" is not service, worker, cron or stateful/,
            /nobody/,
        ]) {
            assert.match(stderr, fault);
        }
        assert.ok(!stderr.includes("the-new-service"), stderr);
    });

    it("takes no name that a service has, and says what else is wrong", async () => {
        const stderr = await refused("frontend", "--yes", "--health", "ftp");
        assert.match(stderr, /\n {2}frontend +is a service already\n/);
        assert.match(stderr, /services\.frontend\.health/);
    });

    it("takes no name that would overflow what is named after it", async () => {
        assert.match(await refused("a".repeat(47), "--yes"), /at most 46 characters/);
        assert.match(await refused("acme-shop", "--yes"), /the name acme-shop is taken: releases of the project have it/);
    });

    it("wants the folder to be there, unless told that it will", async () => {
        assert.match(await refused("mailer"), /src\/mailer\/Dockerfile.*\n.*or add --yes/);
        assert.equal((await add("mailer", "--yes")).status, 0);
    });

    it("refuses a call that names no service, or another option", async () => {
        assert.match(await refused(), /oneflow new +names no service\n/);
        assert.match(await refused("a", "b"), /takes one name, not a b/);
        assert.match(await refused("gift", "--porte", "1"), /Unknown option '--porte'/);
        assert.match(await refused("gift", "--port", "http"), /--port http +expected a number/);
    });

    it("tells what is wrong with the configuration as it is", async () => {
        writeFileSync(join(folder, "Pulumi.prod.yaml"), "config:\n  acme-shop:environment: { promotesFrom: nowhere }\n");
        assert.match(await refused("giftservice"), /Pulumi\.prod\.yaml/);
    });
});

describe("a new service's entry", () => {
    it("leaves out what the catalog's defaults say, and brings resources where they say none", () => {
        const defaults = { repository: "acme/shop", resources: { cpu: "1" } };
        assert.deepEqual(newEntry({ name: "gift", repository: "Acme/Shop" }, { defaults }), {
            source: "src/gift",
            port: 8080,
            health: "tcp",
        });
        assert.deepEqual(newEntry({ name: "gift", kind: "worker", dockerfile: "build/Dockerfile" }, { defaults: {} }), {
            source: { path: "src/gift", dockerfile: "build/Dockerfile" },
            kind: "worker",
            resources: { cpu: "100m", memory: "64Mi" },
        });
    });

    it("takes the port that the Dockerfile exposes, where it is one", () => {
        assert.equal(exposedPort("FROM scratch\nEXPOSE 5050\n"), 5050);
        assert.equal(exposedPort("FROM a\nexpose 80/tcp\nFROM b\nEXPOSE 80\n"), 80);
        assert.equal(exposedPort("EXPOSE 80 443\n"), undefined);
        assert.equal(exposedPort("EXPOSE $PORT\n"), undefined);
        assert.equal(exposedPort("EXPOSE 53/udp\n"), undefined);
        assert.equal(exposedPort("FROM scratch\n"), undefined);
    });
});
