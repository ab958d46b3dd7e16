import assert from "node:assert/strict";
import { ApiRefused } from "../../sandbox/kubernetes/clusterClient";

/** The API server's words where it refuses; fails where it does not. */
export async function refusal(action: Promise<unknown>): Promise<string> {
    try {
        await action;
    } catch (error) {
        if (!(error instanceof ApiRefused)) throw error;
        return `${error.code} ${error.message}`;
    }
    assert.fail("the API server did not refuse it");
}
