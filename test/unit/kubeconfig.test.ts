import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { contexts, requireContexts } from "../../core/facts/kubeconfig";
import type { Cluster, Environment } from "../../core/settings/model";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
};
const kubeconfig = (...names: string[]) =>
    `apiVersion: v1\nkind: Config\ncontexts:\n${names.map((name) => `- name: ${name}\n  context: { cluster: c, user: u }\n`).join("")}`;

describe("The contexts of a process", () => {
    it("are those of all files of KUBECONFIG, in their order, each once", () => {
        const first = write("first", kubeconfig("kind-shop", "gke_acme-dev_europe-west1_dev"));
        const second = write("second", kubeconfig("minikube", "kind-shop"));
        assert.deepEqual(contexts({ KUBECONFIG: [first, "", second, first].join(delimiter) }), {
            names: ["kind-shop", "gke_acme-dev_europe-west1_dev", "minikube"],
            files: [first, second],
            problems: [],
        });
    });

    it("are those of the home directory where KUBECONFIG is unset or empty", () => {
        mkdirSync(join(folder, ".kube"));
        const file = write(join(".kube", "config"), kubeconfig("kind-shop"));
        const expected = { names: ["kind-shop"], files: [file], problems: [] };
        assert.deepEqual(contexts({ HOME: folder }), expected);
        assert.deepEqual(contexts({ HOME: folder, KUBECONFIG: "" }), expected);
    });

    it("are none in a file that does not exist, is empty or lists none, as for kubectl", () => {
        const files = [
            join(folder, "absent"),
            write("empty", ""),
            write("fresh", "apiVersion: v1\nkind: Config\ncontexts: null\n"),
        ];
        assert.deepEqual(contexts({ KUBECONFIG: files.join(delimiter) }), { names: [], files, problems: [] });
    });

    it("come with a problem for each file that is no kubeconfig, and with the names of the others", () => {
        const broken = write("broken", "contexts:\n- name: a\n  context: {\n");
        const text = write("text", "just words\n");
        const map = write("map", "contexts: { a: b }\n");
        const good = write("good", kubeconfig("kind-shop"));
        const { names, problems } = contexts({ KUBECONFIG: [broken, folder, text, map, good].join(delimiter) });
        assert.deepEqual(names, ["kind-shop"]);
        assert.deepEqual(
            problems.map(({ subject }) => subject),
            [broken, folder, text, map],
        );
        assert.match(problems[0].message, /^This kubeconfig cannot be read: .* at line 4, column 1/);
        assert.match(problems[1].message, /EISDIR/);
        assert.match(problems[2].message, /expected a mapping with `contexts`, found "just words"/);
        assert.match(problems[3].message, /expected `contexts` to be a list, found \{"a":"b"\}/);
    });
});

describe("An environment whose clusters are to be reached", () => {
    const managed: Cluster = { name: "stage", region: "europe-west1", context: "gke_acme-stage_europe-west1_stage", managed: true };
    const own: Cluster = { name: "laptop", region: "europe-west1", context: "kind-shop", managed: false };
    const stage = (...clusters: Cluster[]): Environment => ({
        name: "stage",
        project: "acme-stage",
        region: "europe-west1",
        promotesFrom: "dev",
        registry: "europe-west1-docker.pkg.dev/acme-stage",
        tier: "release-candidate",
        namespace: "shop",
        clusters,
        accepts: "commits",
        pins: {},
    });

    it("has no problem where a kubeconfig has every context", () => {
        const file = write("config", kubeconfig("kind-shop", managed.context));
        assert.deepEqual(requireContexts(stage(managed, own), { KUBECONFIG: file }), []);
    });

    it("is told the command that makes the context of a GKE cluster", () => {
        const file = write("config", kubeconfig("kind-shop"));
        assert.deepEqual(requireContexts(stage(managed, own), { KUBECONFIG: file }), [
            {
                subject: "cluster stage",
                message: `No kubeconfig has the context gke_acme-stage_europe-west1_stage, which reaches this cluster. Looked in ${file}`,
                remedy: "gcloud container clusters get-credentials stage --region europe-west1 --project acme-stage --dns-endpoint",
            },
        ]);
    });

    it("is told to rename the context where the settings name it otherwise than gcloud", () => {
        const [problem] = requireContexts(stage({ ...managed, context: "stage" }), { KUBECONFIG: write("config", "") });
        assert.equal(
            problem.remedy,
            "gcloud container clusters get-credentials stage --region europe-west1 --project acme-stage --dns-endpoint" +
                " && kubectl config rename-context gke_acme-stage_europe-west1_stage stage",
        );
    });

    it("is told the contexts that exist where the cluster is the team's own", () => {
        const file = write("config", kubeconfig("kind-ship", "minikube"));
        assert.deepEqual(requireContexts(stage(own), { KUBECONFIG: file }), [
            {
                subject: "cluster laptop",
                message: `No kubeconfig has the context kind-shop, which reaches this cluster. Looked in ${file}\nContexts there: kind-ship, minikube`,
                remedy: "set KUBECONFIG to a file that has the context, or name another in Pulumi.stage.yaml: environment.clusters, context",
            },
        ]);
        const [problem] = requireContexts(stage(own), { KUBECONFIG: write("empty", "") });
        assert.match(problem.message, /\nThere is no context there\.$/);
    });

    it("has all problems at once: a broken file and each context that is missing", () => {
        const broken = write("broken", "contexts: [\n");
        assert.deepEqual(
            requireContexts(stage(managed, own), { KUBECONFIG: broken }).map(({ subject }) => subject),
            [broken, "cluster stage", "cluster laptop"],
        );
    });
});
