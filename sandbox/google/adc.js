"use strict";
// Access tokens by an external_account file, as Google's libraries get them. Plain JavaScript: it starts with every docker credential.
/* global fetch, URLSearchParams */

const fs = require("node:fs");

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

/**
 * The file of Application Default Credentials that a process is given.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
function credentialsOf(environment) {
    const file = environment.CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE ?? environment.GOOGLE_APPLICATION_CREDENTIALS;
    if (!file) throw new Error("You do not currently have an active account selected: no GOOGLE_APPLICATION_CREDENTIALS is set.");
    return JSON.parse(fs.readFileSync(file, "utf8"));
}

/**
 * A token of GitHub's, then one of the pool, then one of the service account that the file names.
 *
 * @param {Record<string, any>} credentials content of an external_account file
 * @param {{ lifetime?: string, scopes?: string[] }} [options]
 * @returns {Promise<{ token: string, expires: string }>}
 */
async function accessToken(credentials, { lifetime = "3600s", scopes = [cloudPlatform] } = {}) {
    const federated = await federatedToken(credentials);
    const url = credentials.service_account_impersonation_url;
    if (!url) return federated;
    const answer = await post(url, JSON.stringify({ scope: scopes, lifetime }), {
        "content-type": "application/json",
        authorization: `Bearer ${federated.token}`,
    });
    return { token: answer.accessToken, expires: answer.expireTime };
}

async function federatedToken({ audience, subject_token_type, token_url, credential_source }) {
    const { url, headers, format } = credential_source;
    const issued = await answered(url, await fetch(url, { headers }));
    const form = new URLSearchParams({
        audience,
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        subject_token_type,
        subject_token: issued[format.subject_token_field_name],
        scope: cloudPlatform,
    });
    const answer = await post(token_url, form.toString(), { "content-type": "application/x-www-form-urlencoded" });
    return { token: answer.access_token, expires: new Date(Date.now() + answer.expires_in * 1000).toISOString() };
}

async function post(url, body, headers) {
    return answered(url, await fetch(url, { method: "POST", headers, body }));
}

/** What was answered, as JSON. @throws Error in the server's own words */
async function answered(url, response) {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} from ${url.split("?")[0]}: ${text}`);
    return JSON.parse(text);
}

/** Where the sandbox's Google Cloud listens. */
function googleAddress(environment) {
    const address = environment.ONEFLOW_SANDBOX_GOOGLE;
    if (!address) throw new Error("ONEFLOW_SANDBOX_GOOGLE is not set: it names the address of the sandbox's Google Cloud");
    return address;
}

module.exports = { accessToken, answered, credentialsOf, googleAddress, post };
