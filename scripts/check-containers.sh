#!/bin/sh
# What docker-compose.yml and docker-compose.cluster.yml start runs without root, on a file system that it cannot
# write to, without capabilities and with no way to more; but PostgreSQL and RabbitMQ make what they store in as
# root before they run as somebody else. Whoever takes one of these out fails here, and not in production.
set -eu
cd "$(dirname "$0")/.."

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
for file in docker-compose.yml docker-compose.cluster.yml; do
    for line in '  read_only: true' '  cap_drop: [ALL]' '  security_opt: ["no-new-privileges:true"]'; do
        need x-service "$(below 'x-service:' <"$file")" "$line"
    done
    need x-server "$(below 'x-server:' <"$file")" '  security_opt: ["no-new-privileges:true"]'

    definitions=$(below 'services:' <"$file")
    services=$(echo "$definitions" | sed -n 's/^  \([a-z0-9-]*\):$/\1/p')
    [ -n "$services" ] || complain "$file: no services were found"
    for service in $services; do
        own=$(echo "$definitions" | below "  $service:")
        if echo "$own" | grep -qE '^    image: (postgres|rabbitmq):'; then base=server; else base=service; fi
        if ! echo "$known" | grep -qx "$service" && ! echo "$own" | grep -qE "^    <<: (\*$base|\[\*$base, .*)$"; then
            complain "$file: $service must have \`<<: *$base\`"
        fi
        undoing='^    (cap_add|cap_drop|privileged|read_only|security_opt|user):'
        if echo "$own" | grep -qE "$undoing"; then
            complain "$file: $service must leave to $base:
$(echo "$own" | grep -E "$undoing")"
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
echo "Containers run without root, without capabilities, and on a file system that they cannot write to"
