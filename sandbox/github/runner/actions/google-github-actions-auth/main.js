"use strict";
// What google-github-actions/auth does with workload identity federation, against the sandbox's Google Cloud.

const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { accessToken, googleAddress } = require("../../../../google/adc");
const { exportVariable, failed, input, mask, output } = require("../commands");
const { nameRegistryHelper } = require("./registryHelper");

async function main() {
    const credentials = externalAccount();
    const account = input("service_account");
    const project = input("project_id") || /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1] || "";
    output("project_id", project);
    if (input("create_credentials_file") === "true") leaveFile(credentials, project);
    const format = input("token_format");
    if (format === "") return;
    if (format !== "access_token") throw new Error(`the sandbox gives no token_format ${format}: expected access_token`);
    const scopes = input("access_token_scopes").split(/[\s,]+/);
    const { token } = await accessToken(credentials, { lifetime: input("access_token_lifetime"), scopes });
    mask(token);
    output("access_token", token);
    output("auth_token", token);
}

/** What Google's libraries read: where GitHub's token comes from, and where it is exchanged for the account's. */
function externalAccount() {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env;
    if (!url || !token) {
        throw new Error(
            "GitHub Actions did not inject $ACTIONS_ID_TOKEN_REQUEST_TOKEN or $ACTIONS_ID_TOKEN_REQUEST_URL into this job. " +
                "This most likely means the GitHub Actions workflow permissions are incorrect, or this job is being run from a fork.",
        );
    }
    const google = googleAddress(process.env);
    const provider = input("workload_identity_provider");
    if (provider === "") throw new Error("the action must specify workload_identity_provider: is the repository's variable set?");
    const audience = input("audience") || `https://iam.googleapis.com/${provider}`;
    return {
        type: "external_account",
        audience: `//iam.googleapis.com/${provider}`,
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${google}/v1/token`,
        service_account_impersonation_url: `${google}/v1/projects/-/serviceAccounts/${input("service_account")}:generateAccessToken`,
        credential_source: {
            url: `${url}${url.includes("?") ? "&" : "?"}audience=${encodeURIComponent(audience)}`,
            headers: { Authorization: `Bearer ${token}` },
            format: { type: "json", subject_token_field_name: "value" },
        },
    };
}

function leaveFile(credentials, project) {
    const file = path.join(process.env.GITHUB_WORKSPACE, `gha-creds-${randomBytes(8).toString("hex")}.json`);
    fs.writeFileSync(file, JSON.stringify(credentials), { mode: 0o640 });
    output("credentials_file_path", file);
    if (input("export_environment_variables") !== "true") return;
    for (const name of ["CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_GHA_CREDS_PATH"]) {
        exportVariable(name, file);
    }
    const projects = ["CLOUDSDK_CORE_PROJECT", "CLOUDSDK_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT", "GOOGLE_CLOUD_PROJECT"];
    for (const name of projects) exportVariable(name, project);
    nameRegistryHelper(process.env);
}

main().catch((error) => failed(`google-github-actions/auth failed with: ${error.message}`));
