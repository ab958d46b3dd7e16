import { resourceName, type GcpKind } from "./kind";
import { iamMember } from "./iamMember";

/** Who may read a secret. Secrets and their versions are made by people: see `Cloud.addSecretVersion`. */
export const secretKinds: readonly GcpKind[] = [
    iamMember({
        token: "gcp:secretmanager/secretIamMember:SecretIamMember",
        what: "secret",
        api: "secretmanager.googleapis.com",
        permission: "secretmanager.secrets.setIamPolicy",
        parent: "secretId",
        replaceOn: ["project"],
        resource: (inputs, { project }) => resourceName(String(inputs.secretId), (id) => `projects/${project}/secrets/${id}`),
    }),
];
