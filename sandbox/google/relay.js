"use strict";
// The engine's client for Cloud Storage sends no token to any host but Google's own. This adds the caller's on the way to the sandbox.

/* global URL */

const http = require("node:http");

/**
 * Passes requests on, with a token; on a free port of the loopback, for as long as this process lives.
 *
 * @param {string} address where to, `http://127.0.0.1:PORT`
 * @param {string} token access token of whoever this process is
 * @returns {Promise<string>} host and port
 */
async function relay(address, token) {
    const target = new URL(address);
    const server = http.createServer((request, response) => {
        const { method, url: path, headers } = request;
        const passed = { ...headers, host: target.host, authorization: `Bearer ${token}` };
        const onward = http.request({ hostname: target.hostname, port: target.port, method, path, headers: passed }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        onward.on("error", () => response.destroy());
        request.pipe(onward);
    });
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    server.unref();
    return `127.0.0.1:${server.address().port}`;
}

module.exports = { relay };
