import fc from "fast-check";
import type { Settings } from "../../core/settings/model";
import { environment, service, settings } from "../components/settings";

/** One repository for everything. */
export const monorepo: Settings = settings();

/** A repository that only operates, and two that services are built from. */
export const manyRepositories: Settings = withSources("acme/delivery", ["acme/cart", "acme/checkout"]);

/** One environment only, in a repository whose protected branch is not called main. */
export const oneEnvironment: Settings = {
    ...monorepo,
    environments: [environment("live")],
    delivery: { ...monorepo.delivery, operations: { repository: "acme/shop", branch: "trunk" } },
};

/** Any number of repositories and environments, the operations repository one of them or not. */
export const anySettings: fc.Arbitrary<Settings> = fc
    .record({
        operations: fc.constantFrom("acme/shop", "acme/delivery"),
        sources: fc.uniqueArray(fc.constantFrom("acme/shop", "acme/cart", "acme/Checkout", "beta/mail.v2"), { minLength: 1 }),
        branch: fc.constantFrom("main", "trunk"),
        names: fc.uniqueArray(fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/), { minLength: 1, maxLength: 5 }),
    })
    .map(({ operations, sources, branch, names }) => {
        const made = withSources(operations, sources);
        const environments = names.map((name, index) => environment(name, index > 0 ? { promotesFrom: names[index - 1] } : {}));
        return { ...made, environments, delivery: { ...made.delivery, operations: { repository: operations, branch } } };
    });

function withSources(operations: string, repositories: readonly string[]): Settings {
    const made = settings();
    const services = repositories.map((repository, index) => {
        const name = `service${index}`;
        const image = { from: "source", repository, path: ".", dockerfile: "Dockerfile", args: {}, alsoBuildFrom: [] } as const;
        return [name, service(name, { image })] as const;
    });
    return {
        ...made,
        catalog: { services: Object.fromEntries(services) },
        delivery: { ...made.delivery, operations: { repository: operations, branch: "main" } },
    };
}
