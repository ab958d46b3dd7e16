import { deployment } from "./deployment";
import type { Awaiter } from "./observed";

/** How to tell whether an object has come to life: `apiVersion/kind` → awaiter. Other kinds are live as soon as they are there. */
export const awaiters: Readonly<Record<string, Awaiter>> = {
    "apps/v1/Deployment": deployment,
};
