module oneflow.dev/toolchain/secrets-store

go 1.24

require sigs.k8s.io/secrets-store-csi-driver v1.5.3
