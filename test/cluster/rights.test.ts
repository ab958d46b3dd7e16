import assert from "node:assert/strict";
import { digest, settings, usersOf } from "./cluster";
import { Place } from "./place";
import { refusal } from "./refusal";

describe("Who may do what in an environment's namespace", function () {
    this.timeout(180_000);
    let place: Place;
    let elsewhere: Place;
    let here: string;

    before(async () => {
        place = await Place.of("stage");
        elsewhere = await Place.of("prod");
        here = `in the namespace "${place.environment.namespace}"`;
    });

    it("the deployer cannot read Secrets, not even a named one", async () => {
        const { deployer: user } = usersOf(place.environment);
        assert.equal(
            await refusal(place.deployer.get(place.path("v1", "secrets"))),
            `403 secrets is forbidden: User "${user}" cannot list resource "secrets" in API group "" ${here}`,
        );
        assert.equal(
            await refusal(place.deployer.get(place.path("v1", "secrets/checkout-db"))),
            `403 secrets "checkout-db" is forbidden: User "${user}" cannot get resource "secrets" in API group "" ${here}`,
        );
    });

    it("the deployer cannot look into another environment, nor deploy to it", async () => {
        const { deployer: user } = usersOf(place.environment);
        const there = `in API group "apps" in the namespace "${elsewhere.environment.namespace}"`;
        assert.equal(
            await refusal(place.deployer.get(elsewhere.path("apps/v1", "deployments"))),
            `403 deployments.apps is forbidden: User "${user}" cannot list resource "deployments" ${there}`,
        );
        const deployment = elsewhere.renderDeployment(settings.catalog.services.emailservice, digest("1"));
        assert.equal(
            await refusal(place.deployer.apply(deployment)),
            `403 deployments.apps "emailservice" is forbidden: User "${user}" cannot patch resource "deployments" ${there}`,
        );
        assert.equal(
            await refusal(elsewhere.admin.get(elsewhere.path("apps/v1", "deployments/emailservice"))),
            '404 deployments.apps "emailservice" not found',
        );
    });

    it("the deployer cannot widen its own rights, nor get into a pod or past the quota", async () => {
        const rule = { apiGroups: [""], resources: ["secrets"], verbs: ["get"] };
        const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "more" }, rules: [rule] };
        const attempts = {
            roles: () => place.deployer.create(place.path("rbac.authorization.k8s.io/v1", "roles"), role),
            "pods/exec": () => place.deployer.create(place.path("v1", "pods/any/exec?command=sh"), {}),
            resourcequotas: () => place.deployer.delete(place.path("v1", "resourcequotas/oneflow")),
            namespaces: () => place.deployer.delete(`/api/v1/namespaces/${place.environment.namespace}`),
        };
        for (const [resource, attempt] of Object.entries(attempts)) {
            assert.match(await refusal(attempt()), new RegExp(`^403 .* cannot (create|delete) resource "${resource}"`));
        }
    });

    it("the auditor sees what the deployer sees, and changes nothing", async () => {
        const { auditor: user } = usersOf(place.environment);
        await place.auditor.get(place.path("apps/v1", "deployments"));
        await place.auditor.get(place.path("v1", "pods"));
        const deployment = place.renderDeployment(settings.catalog.services.checkoutservice, digest("1"));
        assert.equal(
            await refusal(place.auditor.apply(deployment)),
            `403 deployments.apps "checkoutservice" is forbidden: User "${user}" cannot patch resource "deployments" in API group "apps" ${here}`,
        );
    });
});
