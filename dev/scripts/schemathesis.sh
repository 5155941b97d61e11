#!/usr/bin/env bash
# Sends valid and invalid calls to the gateway of a private system, as staff and as a player, and checks the answers
# against its description: schemathesis.sh [OPTION…], with options of `schemathesis run`.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=4.32.5
tools=$PWD/.local/tools/schemathesis
directory=$PWD/.local/schemathesis
config=$PWD/dev/scripts/schemathesis.toml
export SCHEMATHESIS_HOOKS=$PWD/dev/scripts/schemathesis-hooks.py
. dev/scripts/lib/binaries.sh
. dev/scripts/lib/pypi.sh
install_from_pypi "$tools" "schemathesis==$version"

stop() { "$binaries/stack" down --dir "$directory"; }
trap stop EXIT
# Rate limits would reject most of the calls.
SENDER_LIMIT=0 STAFF_SENDER_LIMIT=0 READER_LIMIT=0 READ_MARK_LIMIT=0 ADDRESS_LIMIT=0 "$binaries/stack" up --dir "$directory"
set -a
. "$directory/env"
set +a

# It writes its files for the next run into the working directory.
cd "$directory"
ask_as() { # ask_as ROLE SUBJECT [OPTION…]
    local token
    # Only a lead changes canned replies; the claim has no meaning for a player.
    token=$("$binaries/gateway" token --role "$1" --subject "$2" --lead)
    echo "== as $1"
    "$tools/bin/schemathesis" --config-file "$config" run "$GATEWAY_URL/openapi.json" \
        --header "Authorization: Bearer $token" --checks all --seed 1 --max-time 50 \
        --generation-database none --no-color "${@:3}"
}
ask_as staff ada "$@"
# The player in the examples of the description.
ask_as player player-7 "$@"
