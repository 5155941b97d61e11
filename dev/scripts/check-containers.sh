#!/bin/sh
# What docker-compose.yml and deploy/cluster/docker-compose.cluster.yml start runs without root, on a file system that it cannot
# write to, without capabilities and with no way to more; but PostgreSQL and RabbitMQ make what they store in as
# root before they run as somebody else, and who watches runs as their images say. Each has a bound on its memory,
# which is that of deploy/kubernetes, and on its processes. Whoever takes one of these out fails here, and not in
# production.
set -eu
cd "$(dirname "$0")/../.."

failed=0
complain() {
    echo "$1" >&2
    failed=1
}

# Of the lines of its input, those that stand further in than the one that begins with $1.
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

# Services that an earlier file has, and a later one only adds to.
known=""
for file in docker-compose.yml deploy/cluster/docker-compose.cluster.yml; do
    for line in '  read_only: true' '  cap_drop: [ALL]' '  security_opt: ["no-new-privileges:true"]' \
        '  pids_limit: 1024'; do
        need x-service "$(below 'x-service:' <"$file")" "$line"
    done
    for line in '  security_opt: ["no-new-privileges:true"]' '  pids_limit: 1024'; do
        need x-server "$(below 'x-server:' <"$file")" "$line"
    done

    definitions=$(below 'services:' <"$file")
    services=$(echo "$definitions" | sed -n 's/^  \([a-z0-9-]*\):$/\1/p')
    [ -n "$services" ] || complain "$file: no services were found"
    for service in $services; do
        own=$(echo "$definitions" | below "  $service:")
        base=service
        # A service with an entrypoint of its own is a client of the server whose image it uses.
        if echo "$own" | grep -qE '^    image: (postgres|rabbitmq):' && ! echo "$own" | grep -q '^    entrypoint:'; then
            base=server
        fi
        if ! echo "$known" | grep -qx "$service" && ! echo "$own" | grep -qE "^    <<: (\*$base|\[\*$base, .*)$"; then
            complain "$file: $service must have \`<<: *$base\`"
        fi
        undoing='^    (cap_add|cap_drop|pids_limit|privileged|read_only|security_opt|user):'
        if undone=$(echo "$own" | grep -E "$undoing" | grep -vxF '    user: "10001:10001"'); then
            complain "$file: $service must leave to $base:
$undone"
        fi
        limit=$(echo "$own" | sed -n 's/^    mem_limit: \([1-9][0-9]*[mg]\)$/\1/p')
        if [ -z "$limit" ] && ! echo "$known" | grep -qx "$service"; then
            complain "$file: $service must have \`mem_limit\`"
        fi
        manifest=deploy/kubernetes/base/$service.yaml
        if [ -n "$limit" ] && [ -e "$manifest" ] && ! grep -q "limits: {memory: ${limit%m}Mi}" "$manifest"; then
            complain "$file: $service has the limit $limit, and in $manifest another"
        fi
        if echo "$own" | grep '^    ports:' | grep -qvF '["127.0.0.1:'; then
            complain "$file: $service must be reached from this machine alone"
        fi
    done
    known="$known
$services"
done

# The stage that all of them are made from says who they run as, and none of them anything else.
awk '/^FROM / { inside = / AS service$/ } inside' Dockerfile | grep -q '^USER ' ||
    complain 'Dockerfile: the stage service must have a USER'
if root=$(grep '^USER ' Dockerfile | grep -vE '^USER [1-9][0-9]*:[1-9][0-9]*$'); then
    complain "Dockerfile: \`$root\` may be root; give the numbers of a user and a group"
fi
for target in $(sed -n 's/.*target: *\([a-z-]*\).*/\1/p' docker-compose.yml); do
    grep -qx "FROM service AS $target" Dockerfile ||
        complain "Dockerfile: $target must be made from the stage service"
done

[ "$failed" -eq 0 ]
echo "Containers run without root, without capabilities, on a file system that they cannot write to, within limits"
