"""Checks manifests that come on standard input: check-kubernetes.py NAME KUBERNETES_VERSION…

They are what the published schemas allow, they refer to what is there, no pod can do more than it needs to, and
failures and secrets are kept apart. Each thing that is wrong is a line, and the status is then 1.
"""

import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

NAME = "app.kubernetes.io/name"
POD = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
PROBES = {"livenessProbe": "/health/live", "readinessProbe": "/health/ready"}
# Seconds within which a service stops by itself.
STOP = 10
# What a pod reaches besides the names of the cluster, and whose secrets it holds.
APART = {
    "chat-gateway": ({"rabbitmq", "postgresql", "monitoring"}, "chat-gateway"),
    "chat-persister": ({"rabbitmq", "postgresql", "monitoring"}, "chat-persister"),
    "chat-migrate": ({"postgresql"}, "chat-migrate"),
    "chat-broadcaster": ({"rabbitmq", "internet", "monitoring"}, "chat-broadcaster"),
}

complaints = []


def need(holds, complaint):
    if not holds:
        complaints.append(complaint)


def strict(schema):
    """The schema of a resource of KEDA's, which allows no field that it does not name, as kubectl does."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(part) for key, part in schema.items()}
    open_ended = "additionalProperties" in made or made.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(made.get("properties"), dict) and made.get("type") == "object" and not open_ended:
        made["additionalProperties"] = False
    return made


def keda_schemas():
    for file in Path("deploy/kubernetes/schemas").glob("*.yaml"):
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), schema


def validate(thing, versions, keda):
    what = f"{thing['kind']} {thing['metadata']['name']}"
    schema = keda.get((thing["apiVersion"], thing["kind"]))
    try:
        if schema:
            jsonschema.validate(thing, schema)
            return
        for version in versions:
            kubernetes_validate.validate(thing, version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        complaints.append(f"{what}: {'.'.join(map(str, error.path))}: {error.message}")
    except kubernetes_validate.SchemaNotFoundError as error:
        complaints.append(f"{what}: {error.message}")


def selects(selector, labels):
    wanted = selector.get("matchLabels", {}).items()
    return wanted <= labels.items() and all(
        labels.get(it["key"]) in it["values"] for it in selector.get("matchExpressions", [])
    )


def reached(policies, labels):
    """What a pod with these labels may open a connection to."""
    ours = [it["spec"] for it in policies if selects(it["spec"]["podSelector"], labels)]
    need(any("Egress" in it["policyTypes"] and not it.get("egress") for it in ours), f"{labels}: reaches everything")
    need(any("Ingress" in it["policyTypes"] and not it.get("ingress") for it in ours), f"{labels}: lets all in")
    for rule in (rule for it in ours for rule in it.get("egress", [])):
        for peer in rule.get("to", [{}]):
            of = peer.get("podSelector", {}).get("matchLabels", {})
            within = peer.get("namespaceSelector", {}).get("matchLabels", {})
            if "ipBlock" in peer:
                yield "internet"
            elif of.get(NAME) == "chat-rabbitmq":
                yield "rabbitmq"
            elif of.get("cnpg.io/cluster"):
                yield "postgresql"
            elif within.get("kubernetes.io/metadata.name") == "monitoring":
                yield "monitoring"
            elif of != {"k8s-app": "kube-dns"}:
                yield f"others: {peer}"


def check_pod(pod, settings, policies):
    labels, spec = pod["metadata"]["labels"], pod["spec"]
    name = labels[NAME]
    [container] = spec["containers"]
    for key, value in POD.items():
        need(spec.get(key) == value, f"{name}: {key} must be {value}")
    need(container.get("securityContext") == CONTAINER, f"{name}: securityContext must be {CONTAINER}")
    need("limits" in container["resources"], f"{name}: must have limits")
    given = {}
    for source in container["envFrom"]:
        reference = source["configMapRef"]["name"]
        need(reference in settings, f"{name}: there is no ConfigMap {reference}")
        given |= settings.get(reference, {})
    [mount], [volume] = container["volumeMounts"], spec["volumes"]
    for setting, path in given.items():
        inside = path.startswith(mount["mountPath"] + "/")
        need(inside or not setting.endswith("_FILE"), f"{name}: {setting} is in no secret")
    reaches, secret = APART[name]
    found = set(reached(policies, labels))
    need(found == reaches, f"{name}: reaches {sorted(found)} and not {sorted(reaches)}")
    need(volume["secret"]["secretName"] == secret, f"{name}: must have the secrets of {secret} alone")


def check_service(name, spec):
    [container] = spec["containers"]
    for probe, path in PROBES.items():
        asked = container.get(probe, {}).get("httpGet", {}).get("path")
        need(asked == path, f"{name}: {probe} must ask {path}")
    need(spec.get("terminationGracePeriodSeconds", 0) > STOP, f"{name}: must be given more than {STOP} s to stop")


def main(name, *versions):
    things = list(yaml.safe_load_all(sys.stdin))
    keda = dict(keda_schemas())
    for thing in things:
        validate(thing, versions, keda)

    def of(*kinds):
        return [it for it in things if it["kind"] in kinds]

    pods = [it["spec"]["template"] for it in of("Deployment", "Job")]
    settings = {it["metadata"]["name"]: it["data"] for it in of("ConfigMap")}
    need({it["metadata"]["labels"][NAME] for it in pods} == APART.keys(), "not the pods that there should be")
    for pod in pods:
        check_pod(pod, settings, of("NetworkPolicy"))
    deployments = {it["metadata"]["name"]: it["spec"]["template"]["spec"] for it in of("Deployment")}
    for deployment, spec in deployments.items():
        check_service(deployment, spec)
    for it in of("ScaledObject", "HorizontalPodAutoscaler"):
        target = it["spec"]["scaleTargetRef"]["name"]
        need(target in deployments, f"{it['kind']}: there is no Deployment {target}")
    for it in of("Service", "PodDisruptionBudget"):
        selector = it["spec"]["selector"]
        labels = selector.get("matchLabels", selector)
        found = any(labels.items() <= pod["metadata"]["labels"].items() for pod in pods)
        need(found, f"{it['kind']} {it['metadata']['name']}: selects no pod")
    for complaint in complaints:
        print(f"deploy/kubernetes/{name}: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main(*sys.argv[1:]))
