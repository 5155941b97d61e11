#!/usr/bin/env bash
# Drives the portal's pages in Chromium, and what people do most in Firefox, too: on a system simulated in
# the browser, and on a private one that `stack up` starts and that is stopped again, however it ends.
# Arguments are Playwright's, such as --project=stack.
set -euo pipefail
cd "$(dirname "$0")/../.."

directory=$PWD/.local/pages
case ${CARGO_TARGET_DIR:-target} in
/*) stack=$CARGO_TARGET_DIR/debug/stack ;;
*) stack=$PWD/${CARGO_TARGET_DIR:-target}/debug/stack ;;
esac

trap '"$stack" down --dir "$directory"' EXIT
PORTAL_DIR=$PWD/portal/dist SENDER_LIMIT=0 STAFF_SENDER_LIMIT=0 READER_LIMIT=0 ADDRESS_LIMIT=0 "$stack" up --dir "$directory" >/dev/null
set -a
. "$directory/env"
set +a
cd portal
npm run test:pages -- "$@"
