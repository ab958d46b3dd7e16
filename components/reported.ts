import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../core/refusal";
import { RegistryError, TagMoved } from "../core/registry/model";

/** The error as the engine is to print it: what is written for a reader is printed as it is, anything else with its stack. */
export function reported(error: unknown): unknown {
    if (!(error instanceof Refusal || error instanceof RegistryError || error instanceof TagMoved)) {
        return error;
    }
    const told = new pulumi.RunError(error.message);
    // Pulumi's host asks for the stack even where it hides it, and maps every frame to its source: half a minute of work.
    told.stack = error.message;
    return told;
}
