"use strict";
/* global Buffer, fetch */

const { failed, input } = require("../commands");
const { editDockerConfig } = require("./dockerConfig");

async function main() {
    const registry = input("registry");
    const auth = Buffer.from(`${input("username")}:${input("password")}`).toString("base64");
    // Docker speaks plain HTTP to the loopback.
    const scheme = /^(127\.0\.0\.1|localhost)(:|$)/.test(registry) ? "http" : "https";
    const url = `${scheme}://${registry}/v2/`;
    const { status } = await fetch(url, { headers: { authorization: `Basic ${auth}` } });
    if (status !== 200) throw new Error(`Error response from daemon: login attempt to ${url} failed with status: ${status}`);
    editDockerConfig((config) => ({ ...config, auths: { ...config.auths, [registry]: { auth } } }));
    console.log("Login Succeeded!");
}

main().catch((error) => failed(error.message));
