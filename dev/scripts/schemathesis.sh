#!/usr/bin/env bash
# Asks all that the gateway's description allows, and much that it does not, of a gateway in a whole system
# of its own, as staff and as a player, and checks that each answer is one that the description promises:
# dev/scripts/schemathesis.sh [OPTION…], where the options are those of `schemathesis run`.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=4.32.5
tools=$PWD/.local/tools/schemathesis
directory=$PWD/.local/schemathesis
binaries=${CARGO_TARGET_DIR:-target}/debug
[[ $binaries == /* ]] || binaries=$PWD/$binaries

if [[ ! -e $tools/$version ]]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
    touch "$tools/$version"
fi

stop() { "$binaries/stack" down --dir "$directory"; }
trap stop EXIT
# A client that is refused for asking too much learns nothing of the calls.
SENDER_LIMIT=0 STAFF_SENDER_LIMIT=0 READER_LIMIT=0 ADDRESS_LIMIT=0 "$binaries/stack" up --dir "$directory"
set -a
. "$directory/env"
set +a

# What it keeps for its next run, it keeps where it runs.
cd "$directory"
ask_as() { # ask_as ROLE SUBJECT [OPTION…]
    local token
    token=$("$binaries/gateway" token --role "$1" --subject "$2")
    echo "== as $1"
    "$tools/bin/schemathesis" run "$GATEWAY_URL/openapi.json" \
        --header "Authorization: Bearer $token" --checks all --seed 1 --max-time 50 \
        --generation-database none --no-color "${@:3}"
}
ask_as staff ada "$@"
# Whom the examples of the description are of.
ask_as player player-7 "$@"
