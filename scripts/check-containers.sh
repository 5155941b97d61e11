#!/bin/sh
# What docker-compose.yml builds runs without root, on a file system that it cannot write to, without
# capabilities and with no way to more; so does what watches it, but for the root, which is its image's affair.
# Whoever takes one of these out fails here, and not in production.
set -eu
cd "$(dirname "$0")/.."

failed=0
complain() {
    echo "$1" >&2
    failed=1
}

# The lines that stand further in than the line that begins with $1.
below() {
    awk -v start="$1" '
        { match($0, /^ */) }
        inside && NF && RLENGTH <= depth { exit }
        inside { print }
        index($0, start) == 1 { inside = 1; depth = RLENGTH }
    ' docker-compose.yml
}

need() { # need PLACE LINES LINE: LINE is one of LINES
    echo "$2" | grep -qxF "$3" || complain "docker-compose.yml: $1 must have \`${3#"${3%%[! ]*}"}\`"
}

for line in '  read_only: true' '  cap_drop: [ALL]' '  security_opt: ["no-new-privileges:true"]'; do
    need x-service "$(below 'x-service:')" "$line"
done
need x-server "$(below 'x-server:')" '  security_opt: ["no-new-privileges:true"]'

services=$(below 'services:' | sed -n 's/^  \([a-z0-9-]*\):$/\1/p')
[ -n "$services" ] || complain 'docker-compose.yml: no services were found'
for service in $services; do
    own=$(below "  $service:")
    # The servers of the database and the broker begin as root, and become somebody else by themselves.
    case $service in postgres | rabbitmq) base=server ;; *) base=service ;; esac
    need "$service" "$own" "    <<: *$base"
    undoing='^    (cap_add|cap_drop|privileged|read_only|security_opt|user):'
    if echo "$own" | grep -qE "$undoing"; then
        complain "docker-compose.yml: $service must leave to $base:
$(echo "$own" | grep -E "$undoing")"
    fi
    if echo "$own" | grep '^    ports:' | grep -qvF '["127.0.0.1:'; then
        complain "docker-compose.yml: $service must be reached from this machine alone"
    fi
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
