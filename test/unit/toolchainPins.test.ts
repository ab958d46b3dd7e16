import assert from "node:assert/strict";
import { type ToolName, tools } from "../../sandbox/toolchain/tools";

describe("the pinned programs", () => {
    it("are of one version where they are of one Kubernetes, the client pinned apart from the servers", () => {
        const programs: ToolName[] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];
        const versions = programs.map((name) => tools[name].sources[0].version);
        assert.deepEqual(
            versions,
            programs.map(() => "v1.36.3"),
        );
    });
});
