import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** The import rules of the house: index → components → core; cli → core; facts → promotion, never back; nothing imports sandbox. */
const forbid = (files, patterns) => ({
    files,
    rules: { "no-restricted-imports": ["error", { patterns: patterns.map(([regex, message]) => ({ regex, message })) }] },
});
const sandbox = ["(^|/)sandbox(/|$)", "nothing outside sandbox/ knows the sandbox"];
const pulumi = ["^@pulumi/", "core/ is tested without Pulumi"];
const above = ["(^|/)(components|cli|index)(/|$)", "core/ knows nothing of what is built on it"];

export default tseslint.config(
    { ignores: ["node_modules/", ".sandbox/", ".oneflow/", "docs/examples/"] },
    js.configs.recommended,
    ...tseslint.configs.strict,
    {
        rules: {
            "@typescript-eslint/no-non-null-assertion": "off",
            "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, argsIgnorePattern: "^_" }],
            eqeqeq: "error",
            "no-constant-condition": ["error", { checkLoops: false }],
        },
    },
    {
        files: ["**/*.js", "**/*.mjs"],
        languageOptions: {
            globals: {
                require: "readonly",
                module: "writable",
                exports: "writable",
                process: "readonly",
                console: "readonly",
                __dirname: "readonly",
                setTimeout: "readonly",
            },
        },
        rules: { "@typescript-eslint/no-require-imports": "off" },
    },
    // A resource of Pulumi is made for its effect.
    { files: ["components/**", "index.ts", "test/components/**"], rules: { "no-new": "off" } },
    {
        files: ["test/**"],
        rules: { "@typescript-eslint/no-unused-expressions": "off", "@typescript-eslint/no-require-imports": "off" },
    },
    forbid(["core/**"], [sandbox, pulumi, above]),
    forbid(
        ["core/promotion/**"],
        [
            sandbox,
            pulumi,
            above,
            ["(^|/)facts(/|$)", "facts read for promotion, never the other way"],
            ["registry/client|node:(fs|net|http|https|child_process)", "promotion rules are pure"],
        ],
    ),
    forbid(
        ["core/manifests/**", "core/workflows/**"],
        [sandbox, pulumi, above, ["node:(fs|net|http|https|child_process)", "pure: plain values in, plain values out"]],
    ),
    forbid(["components/**"], [sandbox, ["(^|/)cli(/|$)", "components know nothing of the command line"]]),
    forbid(["cli/**"], [sandbox, pulumi, ["(^|/)components(/|$)", "the command line works on core/ alone"]]),
);
