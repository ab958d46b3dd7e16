import assert from "node:assert/strict";
import { renderService } from "../../core/manifests/workload";
import { read, catalog, problemsOf } from "./settingsFixture";

const files = (expose: object, more: object = { port: 8080, health: "/" }) =>
    catalog({ web: { source: "src/web", ...more, expose: { type: "gateway", ...expose } } });

function render(expose: object) {
    const { services } = read(files(expose)).catalog;
    const image = (imageName: string) => `registry.example/${imageName}@sha256:${"5".repeat(64)}`;
    return renderService(services.web, {
        environment: "stage",
        cloudProject: "acme-stage",
        namespace: "shop",
        partOf: "shop",
        services,
        image,
    });
}

describe("A service behind a gateway", () => {
    it("hangs on a Gateway that is there, by its host name, and has no load balancer of its own", () => {
        const { route, gateway, exposure, networkPolicy } = render({ host: "shop.example.com", gateway: "infra/shared" });
        assert.deepEqual([gateway, exposure], [undefined, undefined]);
        assert.equal(route?.metadata.name, "web-external");
        assert.deepEqual(route?.spec, {
            parentRefs: [{ name: "shared", namespace: "infra" }],
            hostnames: ["shop.example.com"],
            rules: [{ backendRefs: [{ name: "web", port: 8080 }] }],
        });
        assert.deepEqual(networkPolicy.spec.ingress, [{ ports: [{ port: 8080, protocol: "TCP" }] }]);
    });

    it("has a Gateway of its own where it brings a certificate, which listens for HTTPS alone", () => {
        const { route, gateway } = render({ host: "shop.example.com", tls: "shop-cert", name: "shop" });
        assert.deepEqual(route?.spec.parentRefs, [{ name: "shop" }]);
        assert.deepEqual(gateway?.spec, {
            gatewayClassName: "gke-l7-global-external-managed",
            listeners: [
                {
                    name: "https",
                    hostname: "shop.example.com",
                    port: 443,
                    protocol: "HTTPS",
                    tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: "shop-cert" }] },
                    allowedRoutes: { namespaces: { from: "Same" } },
                },
            ],
        });
    });

    const subject = "services.yaml: services.web.expose";
    const several = { ports: { http: 80, metrics: 9090 } };
    for (const [mistake, problems, problem] of [
        [
            "without a host",
            problemsOf(files({ tls: "cert" })),
            {
                subject: `${subject}.host`,
                message: "missing; a gateway tells services apart by host name",
                remedy: "write host: shop.example.com",
            },
        ],
        [
            "without a gateway and without a certificate",
            problemsOf(files({ host: "shop.example.com" })),
            {
                subject,
                message:
                    "names neither a gateway nor tls; expected a Gateway that is there, or the Secret with the certificate of a new one",
            },
        ],
        [
            "with several ports and none named",
            problemsOf(files({ host: "shop.example.com", tls: "cert" }, several)),
            {
                subject: `${subject}.port`,
                message: "missing; the service's ports are http, metrics",
                remedy: "name one of them",
            },
        ],
        [
            "with a port that is not there",
            problemsOf(files({ host: "shop.example.com", tls: "cert", port: "web" }, several)),
            {
                subject: `${subject}.port`,
                message: "there is no port web; the service's ports are http, metrics",
                remedy: "name one of them",
            },
        ],
        [
            "with a host name at a load balancer",
            problemsOf(catalog({ web: { source: "src/web", port: 1, expose: { type: "loadBalancer", host: "a.example" } } })),
            {
                subject: `${subject}.host`,
                message: "goes with a gateway only, and the type is loadBalancer",
                remedy: "write type: gateway",
            },
        ],
        [
            "with the class of a Gateway that it does not make",
            problemsOf(files({ host: "shop.example.com", gateway: "shared", class: "gke-l7-rilb" })),
            {
                subject: `${subject}.class`,
                message: "is that of a Gateway which oneflow makes, and this one is there already",
                remedy: "delete the line",
            },
        ],
    ] as const) {
        it(`is refused ${mistake}`, () => assert.deepEqual(problems, [problem]));
    }
});

describe("A stateful service", () => {
    it("has the Kubernetes Service for its pods to itself", () => {
        const services = {
            db: { source: "src/db", kind: "stateful", port: 5432 },
            "db-headless": { source: "src/other", port: 1 },
        };
        assert.deepEqual(problemsOf(catalog(services)), [
            {
                subject: "services.yaml: services.db-headless",
                message: "the name db-headless is that of the Kubernetes Service for the pods of db",
                remedy: "choose another name",
            },
        ]);
    });
});
