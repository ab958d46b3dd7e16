import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { localBuild, registryLogin } from "../../components/localImage";
import type { Credentials } from "../../core/registry/credentials";
import { workingCopyImage } from "../../core/release/addresses";
import { actor } from "../../core/facts/process";
import { cart, checkout, plan } from "./plan";
import { ofType, promiseOf, record, type Registered } from "./recorder";
import { environment, service, settings } from "./settings";

const dev = environment("dev");
const reference = workingCopyImage(dev, "checkout", actor(process.env));
const credentials: Credentials = {
    for: (host) => Promise.resolve({ source: "a test", username: "oauth2accesstoken", password: `token of ${host}` }),
};

async function deploy(local: readonly string[]): Promise<Registered[]> {
    const { Environment } = await import("../../components/environment");
    const all = settings({ catalog: { services: { cart: service("cart"), checkout: service("checkout", { build: "local" }) } } });
    const { images } = plan(all, dev);
    const outcome = {
        plan: plan(all, dev, local.length > 0 ? { images: { cart: images.cart }, set: { cart }, local } : {}),
        words: "…",
    };
    return record(() => new Environment("acme-shop", { settings: all, environment: dev, outcome, credentials }).registered);
}

function imagesOf(resources: Registered[]): unknown[] {
    const deployments = ofType(resources, "kubernetes:apps/v1:Deployment") as Record<string, never>;
    return Object.values(deployments).map(
        ({ spec }: { spec: { template: { spec: { containers: { image: string }[] } } } }) => spec.template.spec.containers[0].image,
    );
}

/** A secret as it goes to the engine. */
function secret(value: object) {
    return { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig, value };
}

describe("An environment with a local build", () => {
    it("builds the image from the project's folder under a tag of its own, and pushes it as whoever runs the program", async () => {
        const resources = await deploy(["checkout"]);
        assert.deepEqual(ofType(resources, "docker:index/image:Image"), {
            checkout: {
                imageName: reference,
                build: { context: "src/checkout", dockerfile: "src/checkout/Dockerfile", args: {}, platform: "linux/amd64" },
                buildOnPreview: false,
                registry: secret({
                    server: "europe-west1-docker.pkg.dev",
                    username: "oauth2accesstoken",
                    password: "token of europe-west1-docker.pkg.dev",
                }),
                skipPush: false,
            },
        });
    });

    it("pins that service to the digest that it was pushed with, and the others to their commit's", async () => {
        assert.deepEqual(imagesOf(await deploy(["checkout"])), [
            `europe-west1-docker.pkg.dev/acme-dev/develop/cart@${cart}`,
            `${reference.split(":")[0]}@sha256:${"b".repeat(64)}`,
        ]);
    });

    it("records no run; without one, there is a record and no docker resource", async () => {
        const types = (resources: Registered[]) =>
            resources.map(({ type }) => type).filter((type) => /docker|RunRecord/.test(type));
        assert.deepEqual(types(await deploy(["checkout"])), ["docker:index/image:Image"]);
        const without = await deploy([]);
        assert.deepEqual(types(without), ["pulumi-nodejs:dynamic/oneflow:RunRecord"]);
        assert.deepEqual(imagesOf(without).at(-1), `europe-west1-docker.pkg.dev/acme-dev/develop/checkout@${checkout}`);
    });
});

describe("A local build", () => {
    it("takes the Dockerfile inside its folder, and the build arguments", () => {
        assert.deepEqual(
            localBuild({
                from: "source",
                repository: "acme/shop",
                path: "src/cart",
                dockerfile: "docker/Dockerfile.dev",
                args: { VERSION: "1" },
                alsoBuildFrom: ["protos"],
            }),
            {
                context: "src/cart",
                dockerfile: "src/cart/docker/Dockerfile.dev",
                args: { VERSION: "1" },
                platform: "linux/amd64",
            },
        );
    });

    it("hides the password in the state, and hands over none that only docker knows to use", async () => {
        const login = registryLogin("127.0.0.1:5000/a/b:local-ada", { source: "a test", username: "ada", password: "secret" });
        assert.ok("password" in login && pulumi.Output.isInstance(login.password));
        assert.equal(await pulumi.isSecret(login.password), true);
        assert.equal(await promiseOf(login.password), "secret");
        assert.deepEqual(registryLogin("127.0.0.1:5000/a/b:local-ada", { source: "a test", identityToken: "token" }), {
            server: "127.0.0.1:5000",
        });
        assert.deepEqual(registryLogin("127.0.0.1:5000/a/b:local-ada", undefined), { server: "127.0.0.1:5000" });
    });
});
