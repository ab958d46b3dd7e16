import { auditor, builder, deployer, member, nodes, releaser } from "../../core/workflows/identities";

/** The names that the sandbox gives to what an organisation has before oneflow comes. */
export const organisation = {
    owner: "acme",
    /** Monorepo and operations repository in one. */
    repository: "acme/shop",
    administrator: "user:admin@acme.example",
    region: "europe-west1",
    /** Google Cloud projects by stack. */
    projects: { platform: "acme-delivery", dev: "acme-dev", stage: "acme-stage", prod: "acme-prod" },
    environments: ["dev", "stage", "prod"],
} as const;

export type EnvironmentName = (typeof organisation.environments)[number];

/** Who can hold a token in the sandbox: short name → IAM member. */
export function identities(): Record<string, string> {
    const { projects, environments, administrator } = organisation;
    const delivery = { project: projects.platform };
    return {
        administrator,
        builder: member(builder(delivery)),
        releaser: member(releaser(delivery)),
        auditor: member(auditor(delivery)),
        ...Object.fromEntries(
            environments.flatMap((name) => [
                [`deployer-${name}`, member(deployer({ name, project: projects[name] }))],
                [`nodes-${name}`, member(nodes({ name, project: projects[name] }))],
            ]),
        ),
    };
}

/** The identity that works on a stack. */
export function identityOf(stack: string): string {
    return stack === "platform" ? "administrator" : `deployer-${stack}`;
}
