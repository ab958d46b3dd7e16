import assert from "node:assert/strict";
import { renderService } from "../../core/manifests/workload";
import type { Service } from "../../core/settings/model";
import { checkoutservice, loadgenerator, stage } from "./manifestsServices";

const render = (service: Service, environment = "stage") => renderService(service, { ...stage, environment });
const files = { "/etc/app/config.yaml": "level: info\n", "/etc/app.pem": "…" };

describe("Files of a service", () => {
    it("are a ConfigMap that never changes, each mounted alone where it belongs, in init containers too", () => {
        const rendered = render({ ...loadgenerator, files });
        assert.deepEqual(rendered.files, {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: {
                name: "loadgenerator-files-7c0b97fec9",
                namespace: "shop",
                labels: rendered.serviceAccount.metadata.labels,
            },
            data: { "etc__app.pem": "…", "etc__app__config.yaml": "level: info\n" },
            immutable: true,
        });
        const { spec } = rendered.deployment!.spec.template;
        assert.deepEqual(spec.volumes, [{ name: "oneflow-files", configMap: { name: "loadgenerator-files-7c0b97fec9" } }]);
        const mounts = [
            { name: "oneflow-files", mountPath: "/etc/app.pem", subPath: "etc__app.pem", readOnly: true },
            { name: "oneflow-files", mountPath: "/etc/app/config.yaml", subPath: "etc__app__config.yaml", readOnly: true },
        ];
        assert.deepEqual(spec.containers[0].volumeMounts, mounts);
        assert.deepEqual(spec.initContainers?.[0].volumeMounts, mounts);
    });

    it("restart the pods when one changes, and not when they change places", () => {
        const template = (changed: Record<string, string>) =>
            render({ ...checkoutservice, files: changed }).deployment!.spec.template;
        const now = template(files);
        assert.notDeepEqual(template({ ...files, "/etc/app.pem": "other" }), now);
        assert.notDeepEqual(template({ "/etc/app/config.yaml": files["/etc/app/config.yaml"] }), now);
        assert.deepEqual(template(Object.fromEntries(Object.entries(files).reverse())), now);
    });

    it("are added to or replaced by an environment's", () => {
        const service = { ...checkoutservice, files, environments: { prod: { files: { "/etc/app.pem": "prod", "/b": "b" } } } };
        assert.deepEqual(render(service, "prod").files?.data, {
            b: "b",
            "etc__app.pem": "prod",
            "etc__app__config.yaml": "level: info\n",
        });
    });

    it("may be on the longest name that a service can have", () => {
        const { metadata } = render({ ...checkoutservice, name: "a".repeat(46), files }).files!;
        assert.equal(metadata.name.length, 63);
    });
});

describe("What is secret", () => {
    it("is named, and never there: a variable refers to a Secret's key", () => {
        const env = { USER: "shop", PASSWORD: { secret: "db", key: "password" } };
        assert.deepEqual(render({ ...checkoutservice, env }).deployment!.spec.template.spec.containers[0].env, [
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
            { name: "USER", value: "shop" },
        ]);
    });

    it("is a folder for reading only, beside other volumes", () => {
        const volumes = [
            { name: "cache", mountPath: "/cache", memory: false },
            { name: "keys", mountPath: "/keys", memory: false, secret: "signing" },
        ];
        const { spec } = render({ ...checkoutservice, volumes }).deployment!.spec.template;
        assert.deepEqual(spec.volumes, [
            { name: "cache", emptyDir: {} },
            { name: "keys", secret: { secretName: "signing" } },
        ]);
        assert.deepEqual(spec.containers[0].volumeMounts, [
            { name: "cache", mountPath: "/cache" },
            { name: "keys", mountPath: "/keys", readOnly: true },
        ]);
    });
});
