import type { Problem } from "../../refusal";
import { textAt, type SourceObject } from "../import/objects";
import { templateOf } from "../import/kustomization";
import { nameLabel } from "../labels";
import { problemIn } from "./problem";

/** Refuses pods that say another name than the service's in the label by which NetworkPolicies find a service's pods. */
export function refuseLabels(sources: readonly SourceObject[], service: string): Problem[] {
    return sources.flatMap((source) => {
        const template = templateOf(source.value);
        const given = template && textAt(source.value, ...template, "metadata", "labels", nameLabel);
        if (!template || given === undefined || given === service) {
            return [];
        }
        const message = `${given}, but NetworkPolicies find the pods of ${service} by ${nameLabel}: ${service}`;
        const remedy = `delete the line, write ${service} in label and selector, or rename the service in services.yaml to ${given}`;
        return [problemIn(source, [...template, "metadata", "labels", nameLabel], message, remedy)];
    });
}
