import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Processes } from "../../sandbox/kubernetes/processes";

describe("The processes of a control plane", () => {
    const directory = mkdtempSync(join(tmpdir(), "oneflow-processes-"));
    after(() => rmSync(directory, { recursive: true }));

    it("end when the process that started them is killed", async () => {
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        // A server that lives as long as its connection to this test is open.
        const lasting = `require("node:net").connect(${(server.address() as AddressInfo).port}, "127.0.0.1")`;
        const start = `const { Processes } = require(${JSON.stringify(join(__dirname, "../../sandbox/kubernetes/processes"))});
            new Processes(${JSON.stringify(directory)}).start("lasting", process.execPath, ["-e", ${JSON.stringify(lasting)}]);`;
        const parent = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", "-e", start], { stdio: "inherit" });
        const [connection] = (await once(server, "connection")) as [Socket];
        assert.equal(parent.exitCode, null);
        const closed = once(connection.resume(), "close");
        parent.kill("SIGKILL");
        await closed;
        server.close();
    });

    it("say which of them ended by itself, with the end of its log", async () => {
        const processes = new Processes(directory);
        processes.start("failing", process.execPath, ["-e", 'console.error("no such flag: --x"); process.exit(3)']);
        const never = new Promise<void>(() => undefined);
        await assert.rejects(processes.whileRunning(never), {
            message: `failing ended with exit code 3; the end of ${join(directory, "failing.log")}:\nno such flag: --x`,
        });
        await processes.stop();
    });
});
