import assert from "node:assert/strict";
import { deploymentOrigins, operatesOnly } from "../../core/workflows/origins";
import { manyRepositories, monorepo } from "../workflows/documentSettings";

describe("runs that deploy", () => {
    const origins = (settings: typeof monorepo) =>
        Object.fromEntries(
            settings.environments.map((environment) => [
                environment.name,
                deploymentOrigins(settings, environment).map(({ repository, branch }) => `${repository}@${branch}`),
            ]),
        );

    it("come from develop for the first environment, and from the protected branch for every other", () => {
        assert.deepEqual(origins(monorepo), { dev: ["acme/shop@develop"], stage: ["acme/shop@main"], prod: ["acme/shop@main"] });
        assert.equal(operatesOnly(monorepo), false);
    });

    it("come for the first environment from the settings too where no push of sources brings them along", () => {
        assert.deepEqual(origins(manyRepositories), {
            dev: ["acme/delivery@main", "acme/cart@develop", "acme/checkout@develop"],
            stage: ["acme/delivery@main"],
            prod: ["acme/delivery@main"],
        });
        assert.equal(operatesOnly(manyRepositories), true);
    });
});
