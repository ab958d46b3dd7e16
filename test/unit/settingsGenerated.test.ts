import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "../../core/settings/generate";
import { notYet } from "../../core/settings/notYet";

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

    it("tells an editor what is not supported yet", () => {
        const schema = JSON.parse(readFileSync(join(root, "services.schema.json"), "utf8"));
        const { compatibleWith, replicas } = schema.properties.services.additionalProperties.properties;
        assert.deepEqual(compatibleWith, {
            description: "Schema labels that this version can run with. Not supported yet.",
            deprecationMessage: "Not supported yet.",
        });
        assert.deepEqual(replicas, { type: "integer", minimum: 0, maximum: 10000, description: "Number of pods. Default: 1." });
    });

    it("lists every key of services.yaml that is not supported yet as such", () => {
        const docs = readFileSync(join(root, "docs/configuration.md"), "utf8");
        const keys = notYet.filter(
            ({ in: document, values, path }) => document === "services" && !values && path.split(".").length === 3,
        );
        const undocumented = keys
            .map(({ path }) => path.split(".")[2])
            .filter((key) => !docs.includes(`| \`${key}\` |  | none | **Not supported yet.**`));
        assert.deepEqual(undocumented, []);
    });
});
