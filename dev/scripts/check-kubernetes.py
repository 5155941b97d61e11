"""Checks manifests on standard input: check-kubernetes.py NAME KUBERNETES_VERSION…

They follow the published schemas, their references exist, pods run without privileges, and each pod reaches only its own
dependencies and holds only its own secrets. Prints each problem, and exits with 1 if there is any.
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
# The seconds in which a service stops.
STOP = 10
# The destinations of a pod besides the cluster's DNS, and its secret.
ISOLATION = {
    "chat-gateway": ({"rabbitmq", "postgresql", "monitoring"}, "chat-gateway"),
    "chat-persister": ({"rabbitmq", "postgresql", "monitoring"}, "chat-persister"),
    "chat-migrate": ({"postgresql"}, "chat-migrate"),
    "chat-broadcaster": ({"rabbitmq", "internet", "monitoring"}, "chat-broadcaster"),
}
# The further destinations of a pod that stores attachments: S3 and the scanner.
STORING = {"internet", "clamd"}

complaints = []


def need(holds, complaint):
    if not holds:
        complaints.append(complaint)


def strict(schema):
    """A schema of KEDA that allows no unknown fields, as kubectl validates."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: strict(part) for key, part in schema.items()}
    open_ended = "additionalProperties" in copy or copy.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(copy.get("properties"), dict) and copy.get("type") == "object" and not open_ended:
        copy["additionalProperties"] = False
    return copy


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
        labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", [])
    )


# The servers outside of the cluster, by the port at which they are reached. RabbitMQ's is that of amqps.
MANAGED = {5671: "rabbitmq", 5432: "postgresql", 443: "internet"}


def outside(rule):
    """The destinations of a rule that names blocks of addresses."""
    for port in rule.get("ports", [{}]):
        yield MANAGED.get(port.get("port"), f"others: {rule}")


def applying(policies, labels):
    """The specifications of the policies for a pod with these labels."""
    specs = [policy["spec"] for policy in policies]
    return [spec for spec in specs if selects(spec["podSelector"], labels)]


def peers(policies, labels, ports):
    """The peers to whose `ports` a pod with these labels may connect."""
    for rule in (rule for spec in applying(policies, labels) for rule in spec.get("egress", [])):
        if ports & {port.get("port") for port in rule.get("ports", [])}:
            yield from rule.get("to", [{}])


def reached(policies, labels):
    """The destinations to which a pod with these labels may connect."""
    ours = applying(policies, labels)
    denies_egress = any("Egress" in spec["policyTypes"] and not spec.get("egress") for spec in ours)
    denies_ingress = any("Ingress" in spec["policyTypes"] and not spec.get("ingress") for spec in ours)
    need(denies_egress, f"{labels}: must deny egress by default")
    need(denies_ingress, f"{labels}: must deny ingress by default")
    for rule in (rule for spec in ours for rule in spec.get("egress", [])):
        for peer in rule.get("to", [{}]):
            of = peer.get("podSelector", {}).get("matchLabels", {})
            within = peer.get("namespaceSelector", {}).get("matchLabels", {})
            if "ipBlock" in peer:
                yield from outside(rule)
            elif of.get(NAME) == "chat-rabbitmq":
                yield "rabbitmq"
            elif of.get(NAME) == "chat-clamd":
                yield "clamd"
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
    need("limits" in container["resources"], f"{name}: must have resource limits")
    given = {}
    for source in container["envFrom"]:
        reference = source["configMapRef"]["name"]
        need(reference in settings, f"{name}: there is no ConfigMap {reference}")
        given |= settings.get(reference, {})
    [mount], [volume] = container["volumeMounts"], spec["volumes"]
    for setting, path in given.items():
        inside = path.startswith(mount["mountPath"] + "/")
        need(inside or not setting.endswith("_FILE"), f"{name}: {setting} must be in the mounted secret")
    # A server of a provider is reached over networks of others.
    managed = any("ipBlock" in peer for peer in peers(policies, labels, {5671, 5432}))
    need(not managed or "TLS_CA_FILE" in given, f"{name}: must have TLS_CA_FILE for the provider's servers")
    reaches, secret = ISOLATION[name]
    if "ATTACHMENT_STORE" in given:
        reaches = reaches | STORING
    found = set(reached(policies, labels))
    need(found == reaches, f"{name}: reaches {sorted(found)}, must reach {sorted(reaches)}")
    need(volume["secret"]["secretName"] == secret, f"{name}: must have only the secret {secret}")


def check_service(name, spec):
    [container] = spec["containers"]
    for probe, path in PROBES.items():
        asked = container.get(probe, {}).get("httpGet", {}).get("path")
        need(asked == path, f"{name}: {probe} must request {path}")
    need(spec.get("terminationGracePeriodSeconds", 0) > STOP, f"{name}: terminationGracePeriodSeconds must be more than {STOP}")


def main(name, *versions):
    things = list(yaml.safe_load_all(sys.stdin))
    keda = dict(keda_schemas())
    for thing in things:
        validate(thing, versions, keda)

    def of(*kinds):
        return [thing for thing in things if thing["kind"] in kinds]

    pods = [workload["spec"]["template"] for workload in of("Deployment", "Job")]
    settings = {config["metadata"]["name"]: config["data"] for config in of("ConfigMap")}
    names = {pod["metadata"]["labels"][NAME] for pod in pods}
    need(names == ISOLATION.keys(), f"the pods must be {sorted(ISOLATION)}, and are {sorted(names)}")
    for pod in pods:
        check_pod(pod, settings, of("NetworkPolicy"))
    deployments = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in of("Deployment")}
    for deployment, spec in deployments.items():
        check_service(deployment, spec)
    for scaler in of("ScaledObject", "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        need(target in deployments, f"{scaler['kind']}: there is no Deployment {target}")
    for thing in of("Service", "PodDisruptionBudget"):
        selector = thing["spec"]["selector"]
        labels = selector.get("matchLabels", selector)
        found = any(labels.items() <= pod["metadata"]["labels"].items() for pod in pods)
        need(found, f"{thing['kind']} {thing['metadata']['name']}: selects no pod")
    for complaint in complaints:
        print(f"deploy/kubernetes/{name}: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main(*sys.argv[1:]))
