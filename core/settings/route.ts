import type { Findings } from "./findings";
import type { Port, Route, Service } from "./model";
import type { ExposeEntry } from "./schema/service";

/** The route by host name that an entry asks for. */
export function readRoute(
    service: string,
    { name = `${service}-external`, ports, host, port, gateway, tls, class: gatewayClass }: ExposeEntry,
    offered: readonly Port[],
    findings: Findings,
): Pick<Service, "expose"> {
    const path = ["services", service, "expose"];
    if (ports !== undefined) {
        findings.add(
            [...path, "ports"],
            "a gateway has the ports of its own listeners",
            "write port: and a name of one of the service's",
        );
    }
    if (host === undefined && !findings.touches([...path, "host"])) {
        findings.add([...path, "host"], "missing; a gateway tells services apart by host name", "write host: shop.example.com");
    }
    if ((gateway === undefined) === (tls === undefined) && !findings.touches(path)) {
        const message = tls === undefined ? "names neither a gateway nor tls" : "names both a gateway and tls";
        findings.add(path, `${message}; expected a Gateway that is there, or the Secret with the certificate of a new one`);
    }
    if (gateway !== undefined && gatewayClass !== undefined) {
        findings.add(
            [...path, "class"],
            "is that of a Gateway which oneflow makes, and this one is there already",
            "delete the line",
        );
    }
    const behind = port === undefined && offered.length === 1 ? offered[0] : offered.find((one) => one.name === port);
    if (!behind && offered.length > 0) {
        const names = offered.map((one) => one.name).join(", ");
        findings.add(
            [...path, "port"],
            port === undefined
                ? `missing; the service's ports are ${names}`
                : `there is no port ${port}; the service's ports are ${names}`,
            "name one of them",
        );
    }
    const route: Route = { host: host ?? "", gateway: readGateway(gateway, tls, gatewayClass) };
    return { expose: { type: "gateway", name, ports: behind ? [behind] : [], route } };
}

function readGateway(gateway: string | undefined, tls = "", gatewayClass = "gke-l7-global-external-managed"): Route["gateway"] {
    if (gateway === undefined) {
        return { tls, class: gatewayClass };
    }
    const [name, namespace] = gateway.split("/").reverse();
    return { name, ...(namespace !== undefined && { namespace }) };
}
