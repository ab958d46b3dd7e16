import { isRecord } from "../values";

const qualifiedName = /^(?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

export function labelFaults(labels: unknown, path: string): string[] {
    return Object.entries(isRecord(labels) ? labels : {}).flatMap(([key, value]) => [
        ...(qualifiedName.test(key)
            ? []
            : [
                  `${path}: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', at most 63`,
              ]),
        ...(/^(?:[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(String(value))
            ? []
            : [
                  `${path}: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', at most 63`,
              ]),
    ]);
}

export function annotationFaults(annotations: unknown, path: string): string[] {
    const wrong = Object.keys(isRecord(annotations) ? annotations : {}).filter((key) => !qualifiedName.test(key.toLowerCase()));
    return wrong.map(
        (key) =>
            `${path}: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', at most 63`,
    );
}

/** A field that has to be there. */
export function required(value: unknown, path: string): string[] {
    return value === undefined || value === "" ? [`${path}: Required value`] : [];
}

export function oneOf(value: unknown, values: readonly string[], path: string): string[] {
    return value === undefined || values.includes(String(value))
        ? []
        : [
              `${path}: Unsupported value: ${JSON.stringify(value)}: supported values: ${values.map((one) => JSON.stringify(one)).join(", ")}`,
          ];
}

export function portFaults(port: unknown, path: string): string[] {
    return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535
        ? []
        : [`${path}: Invalid value: ${JSON.stringify(port)}: must be between 1 and 65535, inclusive`];
}
