import assert from "node:assert/strict";
import { main } from "../../sandbox/start";

describe("npm start", () => {
    it("refuses a Kubernetes that it does not have, in one line that says what it has, before anything is done", async () => {
        const lines: string[] = [];
        const { error } = console;
        console.error = (line: string) => void lines.push(line);
        try {
            assert.equal(await main(["--kubernetes", "minikube"]), 2);
        } finally {
            console.error = error;
        }
        assert.deepEqual(lines, [
            "--kubernetes minikube is none of double, real: npm start -- [--kubernetes double|real] [--verbose]",
        ]);
    });

    it("refuses an option that it does not know", async () => {
        await assert.rejects(main(["--kubernets", "real"]), { message: /^Unknown option '--kubernets'/ });
    });
});
