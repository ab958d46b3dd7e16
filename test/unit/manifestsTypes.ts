import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type {
    AutoscalerObject,
    ConfigMapObject,
    CronJobObject,
    DeploymentObject,
    DisruptionBudgetObject,
    JobObject,
    NetworkPolicyObject,
    ServiceAccountObject,
    ServiceObject,
    StatefulSetObject,
} from "../../core/manifests/objects";

// Nothing here runs: the compiler is the test. What core/manifests renders is what @pulumi/kubernetes takes, field by field.

type Input = {
    deployment: kubernetes.types.input.apps.v1.Deployment;
    service: kubernetes.types.input.core.v1.Service;
    serviceAccount: kubernetes.types.input.core.v1.ServiceAccount;
    disruptionBudget: kubernetes.types.input.policy.v1.PodDisruptionBudget;
    statefulSet: kubernetes.types.input.apps.v1.StatefulSet;
    cronJob: kubernetes.types.input.batch.v1.CronJob;
    autoscaler: kubernetes.types.input.autoscaling.v2.HorizontalPodAutoscaler;
    migrate: kubernetes.types.input.batch.v1.Job;
    files: kubernetes.types.input.core.v1.ConfigMap;
    networkPolicy: kubernetes.types.input.networking.v1.NetworkPolicy;
};
type Rendered = {
    deployment: DeploymentObject;
    service: ServiceObject;
    serviceAccount: ServiceAccountObject;
    disruptionBudget: DisruptionBudgetObject;
    statefulSet: StatefulSetObject;
    cronJob: CronJobObject;
    autoscaler: AutoscalerObject;
    migrate: JobObject;
    files: ConfigMapObject;
    networkPolicy: NetworkPolicyObject;
};

export const assignable = (rendered: Rendered): Input => rendered;

/** Paths in `Ours` that `Theirs` does not know: assigning alone would let a misspelt optional field pass. */
type UnknownPaths<Ours, Theirs, Path extends string = ""> = Ours extends readonly (infer Element)[]
    ? UnknownPaths<Element, Theirs extends readonly (infer Known)[] ? Known : never, `${Path}[]`>
    : Ours extends object
      ? {
            [Key in keyof Ours & string]-?: Key extends keyof Theirs
                ? UnknownPaths<NonNullable<Ours[Key]>, NonNullable<Theirs[Key]>, `${Path}.${Key}`>
                : `${Path}.${Key}`;
        }[keyof Ours & string]
      : never;

type Unknown = UnknownPaths<Rendered, pulumi.Unwrap<Input>>;
export const everyFieldIsKnown: [Unknown] extends [never] ? true : Unknown = true;
