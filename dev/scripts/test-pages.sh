#!/usr/bin/env bash
# Tests the portal's pages in Chromium, and the main functions in Firefox: on a system simulated in the browser, and on a
# private one: test-pages.sh [OPTION…], with options of Playwright, such as --project=stack.
set -euo pipefail
cd "$(dirname "$0")/../.."

directory=$PWD/.local/pages
. dev/scripts/lib/binaries.sh

trap '"$binaries/stack" down --dir "$directory"' EXIT
PORTAL_DIR=$PWD/portal/dist SENDER_LIMIT=0 STAFF_SENDER_LIMIT=0 READER_LIMIT=0 READ_MARK_LIMIT=0 ADDRESS_LIMIT=0 "$binaries/stack" up --dir "$directory" >/dev/null
set -a
. "$directory/env"
set +a
cd portal
npm run test:pages -- "$@"
