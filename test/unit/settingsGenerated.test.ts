import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "../../core/settings/generate";

const root = join(__dirname, "../..");

describe("What is generated from the schemas", () => {
    for (const [file, content] of Object.entries(generatedFiles())) {
        it(`stands in ${file.slice(root.length + 1)} as it is now; else run: npx ts-node core/settings/generate.ts`, () => {
            assert.equal(readFileSync(file, "utf8"), content);
        });
    }

    it("is named in the first line of services.yaml", () => {
        const [first] = readFileSync(join(root, "services.yaml"), "utf8").split("\n");
        assert.equal(first, "# yaml-language-server: $schema=services.schema.json");
    });

    it("tells an editor what a key means and what holds in its absence", () => {
        const schema = JSON.parse(readFileSync(join(root, "services.schema.json"), "utf8"));
        const { replicas } = schema.properties.services.additionalProperties.properties;
        assert.deepEqual(replicas, { type: "integer", minimum: 0, maximum: 10000, description: "Number of pods. Default: 1." });
    });
});
