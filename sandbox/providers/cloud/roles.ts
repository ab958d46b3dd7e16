/** Role → what it lets, for the roles that oneflow grants and a few that it must not need. */
const predefined: Readonly<Record<string, readonly string[]>> = {
    "roles/artifactregistry.reader": registryRead(),
    "roles/artifactregistry.writer": [...registryRead(), ...registryWrite()],
    "roles/artifactregistry.repoAdmin": [
        ...registryRead(),
        ...registryWrite(),
        ...under("artifactregistry", "repositories.deleteArtifacts tags.delete versions.delete packages.delete"),
    ],
    "roles/binaryauthorization.policyViewer": under("binaryauthorization", "policy.get"),
    "roles/cloudkms.cryptoKeyDecrypter": under("cloudkms", "cryptoKeyVersions.useToDecrypt"),
    "roles/cloudkms.cryptoKeyEncrypter": under("cloudkms", "cryptoKeyVersions.useToEncrypt"),
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": under(
        "cloudkms",
        "cryptoKeyVersions.useToDecrypt cryptoKeyVersions.useToEncrypt",
    ),
    "roles/cloudkms.signer": under("cloudkms", "cryptoKeyVersions.useToSign"),
    "roles/cloudkms.signerVerifier": under(
        "cloudkms",
        "cryptoKeyVersions.useToSign cryptoKeyVersions.useToVerify cryptoKeyVersions.viewPublicKey",
    ),
    "roles/container.clusterViewer": [...under("container", "clusters.get clusters.list"), "resourcemanager.projects.get"],
    "roles/container.viewer": [...under("container", "clusters.get clusters.list clusters.connect"), ...kubernetesRead()],
    "roles/container.developer": [
        ...under("container", "clusters.get clusters.list clusters.connect"),
        ...kubernetesRead(),
        ...kubernetesWrite(),
    ],
    "roles/container.admin": ["container.*"],
    "roles/container.defaultNodeServiceAccount": [
        ...under("logging", "logEntries.create"),
        ...under("monitoring", "timeSeries.create"),
        "autoscaling.sites.writeMetrics",
    ],
    "roles/iam.serviceAccountTokenCreator": under(
        "iam",
        "serviceAccounts.getAccessToken serviceAccounts.getOpenIdToken serviceAccounts.signBlob serviceAccounts.signJwt",
    ),
    "roles/iam.serviceAccountUser": under("iam", "serviceAccounts.actAs serviceAccounts.get"),
    "roles/iam.workloadIdentityUser": under(
        "iam",
        "serviceAccounts.get serviceAccounts.getAccessToken serviceAccounts.getOpenIdToken",
    ),
    "roles/logging.logWriter": under("logging", "logEntries.create"),
    "roles/monitoring.metricWriter": under("monitoring", "timeSeries.create"),
    "roles/monitoring.viewer": under("monitoring", "timeSeries.list"),
    "roles/stackdriver.resourceMetadata.writer": under("stackdriver", "resourceMetadata.write"),
    "roles/autoscaling.metricsWriter": under("autoscaling", "sites.writeMetrics"),
    "roles/secretmanager.secretAccessor": under("secretmanager", "versions.access"),
    "roles/storage.admin": ["storage.*"],
    "roles/storage.legacyBucketReader": under("storage", "buckets.get objects.list"),
    "roles/storage.objectAdmin": under("storage", "objects.create objects.delete objects.get objects.list objects.update"),
    "roles/storage.objectCreator": under("storage", "objects.create"),
    "roles/storage.objectUser": under("storage", "objects.create objects.delete objects.get objects.list objects.update"),
    "roles/storage.objectViewer": under("storage", "objects.get objects.list"),
    "roles/owner": ["*"],
};

/** The permissions of a predefined role; `*` stands for all that begin so. Nothing where the sandbox knows no such role. */
export function rolePermissions(role: string): readonly string[] | undefined {
    return predefined[role];
}

/** Whether a permission is one of those that a custom role may hold. */
export function isPermission(permission: string): boolean {
    return known.has(permission);
}

export function permits(granted: readonly string[], permission: string): boolean {
    return granted.some((one) => one === permission || (one.endsWith("*") && permission.startsWith(one.slice(0, -1))));
}

const known = new Set([
    ...Object.values(predefined)
        .flat()
        .filter((permission) => !permission.endsWith("*")),
    ...under("storage", "buckets.get buckets.getIamPolicy"),
    ...under("artifactregistry", "repositories.getIamPolicy"),
    ...under("container", "clusters.getCredentials"),
    "resourcemanager.projects.getIamPolicy",
    "serviceusage.services.use",
    "serviceusage.services.get",
    "serviceusage.services.list",
]);

function under(service: string, permissions: string): string[] {
    return permissions.split(" ").map((permission) => `${service}.${permission}`);
}

function registryRead(): string[] {
    const lists = ["dockerimages", "files", "packages", "tags", "versions"].flatMap((kind) => [`${kind}.get`, `${kind}.list`]);
    return under(
        "artifactregistry",
        ["repositories.downloadArtifacts", "repositories.get", "repositories.list", ...lists].join(" "),
    );
}

function registryWrite(): string[] {
    return under("artifactregistry", "repositories.uploadArtifacts tags.create tags.update");
}

function kubernetesKinds(): string[] {
    return "configMaps cronJobs deployments events horizontalPodAutoscalers jobs limitRanges namespaces networkPolicies podDisruptionBudgets pods replicaSets resourceQuotas secrets serviceAccounts services statefulSets".split(
        " ",
    );
}

function kubernetesRead(): string[] {
    const kinds = kubernetesKinds().filter((kind) => kind !== "secrets");
    return under("container", kinds.flatMap((kind) => [`${kind}.get`, `${kind}.list`]).join(" "));
}

function kubernetesWrite(): string[] {
    const kinds = kubernetesKinds().filter((kind) => !["namespaces", "limitRanges", "resourceQuotas"].includes(kind));
    return under(
        "container",
        [
            "secrets.get",
            "secrets.list",
            ...kinds.flatMap((kind) => ["create", "update", "delete"].map((verb) => `${kind}.${verb}`)),
        ].join(" "),
    );
}
