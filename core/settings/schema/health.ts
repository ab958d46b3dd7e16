import { z } from "zod";
import { duration, optional, port, portName, text } from "./names";

const simple = text(/^(grpc|tcp|\/\S*)$/, "grpc, tcp, an HTTP /path, or { exec: [command, …] }");
const command = z.array(z.string()).min(1).meta({ expected: "a list of texts: the command and its arguments" });
const onPort = z
    .union([z.literal(true), port])
    .meta({ expected: "true (the service's own port) or a port number of the container" });

const check = {
    grpc: optional(onPort, "The gRPC health protocol, on the service's port (`true`) or on another."),
    tcp: optional(onPort, "A connection that opens, on the service's port (`true`) or on another."),
    http: optional(text(/^\/\S*$/, "an HTTP path: /healthz"), "A path that answers 200 to 399."),
    headers: optional(
        z.record(text(/^[-A-Za-z0-9]+$/, "the name of an HTTP header"), z.string()),
        "Headers of the request to `http`.",
    ),
    port: optional(
        z.union([port, portName]).meta({ expected: "a port number of the container, or the name of one of the service's ports" }),
        "Port for `http`, by number in the container or by name.",
        { default: "the service's port" },
    ),
    exec: optional(command, "A command in the container that ends with 0."),
    initialDelay: optional(duration, "Time from the container's start to the first check.", { default: "0s" }),
    period: optional(duration, "Time between checks.", { default: "10s" }),
    timeout: optional(duration, "How long an answer may take.", { default: "1s" }),
    failureThreshold: optional(
        z.int().min(1).max(1000).meta({ expected: "a whole number from 1 to 1000" }),
        "Failures in a row that count as one.",
        { default: "3" },
    ),
};

const expected = "grpc, tcp, an HTTP /path, or a check of its own such as { http: /healthz, period: 5s }";
const probe = z.union([simple, z.strictObject(check).meta({ expected })]).meta({ expected });

/** One check for readiness and liveness, or `readiness`, `liveness` and `startup` apart. */
export const health = z
    .union([
        simple,
        z.strictObject({
            ...check,
            readiness: optional(probe, "When a pod gets traffic, apart from liveness."),
            liveness: optional(probe, "When a container is started anew, apart from readiness."),
            startup: optional(probe, "Holds the other checks back until it succeeds once."),
        }),
    ])
    .meta({ expected: "grpc, tcp, an HTTP /path, { exec: [command, …] }, or { readiness, liveness, startup }" });

export type HealthEntry = z.infer<typeof health>;
export type ProbeEntry = z.infer<typeof probe>;
