#!/bin/sh
# Checks the containers of docker-compose.yml and deploy/cluster/docker-compose.cluster.yml. The services run without
# root, on a read-only file system, without capabilities and without new privileges. PostgreSQL and RabbitMQ prepare
# their volumes as root before they change the user. The monitoring runs as its images define. Each container has
# limits of processes, CPUs and logs, and the memory limit of deploy/kubernetes. Each that serves is restarted, and has
# a health check.
set -eu
cd "$(dirname "$0")/../.."

. dev/scripts/lib/checks.sh

# Prints the lines of the block that begins with $1: those with a deeper indentation.
below() {
    awk -v start="$1" '
        { match($0, /^ */) }
        inside && NF && RLENGTH <= depth { exit }
        inside { print }
        index($0, start) == 1 { inside = 1; depth = RLENGTH }
    '
}

need() { # need PLACE LINES LINE: LINE is one of LINES
    echo "$2" | grep -qxF "$3" || complain "$file: $1 must have \`${3#"${3%%[! ]*}"}\`"
}

# The services of the earlier files, which a later file only extends.
known=""
for file in docker-compose.yml deploy/cluster/docker-compose.cluster.yml; do
    for line in '  read_only: true' '  cap_drop: [ALL]' '  security_opt: ["no-new-privileges:true"]' \
        '  pids_limit: 1024'; do
        need x-service "$(below 'x-service:' <"$file")" "$line"
    done
    for base in x-server x-service; do
        # shellcheck disable=SC2016 # the text of the file
        for line in '  restart: unless-stopped' '  security_opt: ["no-new-privileges:true"]' '  pids_limit: 1024' \
            '  cpus: ${CONTAINER_CPUS:-1.0}' '  logging: *logging'; do
            need "$base" "$(below "$base:" <"$file")" "$line"
        done
    done
    for line in '    max-size: 10m' '    max-file: "3"'; do
        need x-logging "$(below 'x-logging:' <"$file")" "$line"
    done

    definitions=$(below 'services:' <"$file")
    services=$(echo "$definitions" | sed -n 's/^  \([a-z0-9-]*\):$/\1/p')
    [ -n "$services" ] || complain "$file: no services were found"
    for service in $services; do
        own=$(echo "$definitions" | below "  $service:")
        base=service
        # A service with its own entrypoint is a client in the image of its server.
        if echo "$own" | grep -qE '^    image: (postgres|rabbitmq):' && ! echo "$own" | grep -q '^    entrypoint:'; then
            base=server
        fi
        if ! echo "$known" | grep -qx "$service" && ! echo "$own" | grep -qE "^    <<: (\*$base|\[\*$base, .*)$"; then
            complain "$file: $service must have \`<<: *$base\`"
        fi
        undoing='^    (cap_add|cap_drop|cpus|logging|pids_limit|privileged|read_only|restart|security_opt|user):'
        # A client in the image of its server runs as another user than root, and once.
        may='^    (user: ("10001:10001"|rabbitmq)|restart: "no")$'
        if undone=$(echo "$own" | grep -E "$undoing" | grep -vE "$may"); then
            complain "$file: $service must not override $base:
$undone"
        fi
        if ! echo "$known" | grep -qx "$service" && ! echo "$own" | grep -qxF '    restart: "no"' &&
            ! echo "$own" | grep -q '^    healthcheck:$' && ! echo "$own" | grep -q '^    <<: \[.*\*node\]$'; then
            complain "$file: $service must have a health check, or run once"
        fi
        limit=$(echo "$own" | sed -n 's/^    mem_limit: \([1-9][0-9]*[mg]\)$/\1/p')
        if [ -z "$limit" ] && ! echo "$known" | grep -qx "$service"; then
            complain "$file: $service must have \`mem_limit\`"
        fi
        manifest=deploy/kubernetes/base/$service.yaml
        if [ -n "$limit" ] && [ -e "$manifest" ] && ! grep -q "limits: {memory: ${limit%m}Mi}" "$manifest"; then
            complain "$file: $service has the limit $limit, which differs from $manifest"
        fi
        if echo "$own" | grep '^    ports:' | grep -qvF '["127.0.0.1:'; then
            complain "$file: $service must listen on 127.0.0.1 only"
        fi
    done
    known="$known
$services"
done

# The stage `service` sets the user of all images.
awk '/^FROM / { inside = / AS service$/ } inside' Dockerfile | grep -q '^USER ' ||
    complain 'Dockerfile: the stage service must have a USER'
if root=$(grep '^USER ' Dockerfile | grep -vE '^USER [1-9][0-9]*:[1-9][0-9]*$'); then
    complain "Dockerfile: \`$root\` may be root; write the user and the group as numbers"
fi
for target in $(sed -n 's/.*target: *\([a-z-]*\).*/\1/p' docker-compose.yml); do
    grep -qx "FROM service AS $target" Dockerfile ||
        complain "Dockerfile: $target must be built from the stage service"
done

[ "$failed" -eq 0 ]
echo "Containers run without root and capabilities, on a read-only file system, within limits"
