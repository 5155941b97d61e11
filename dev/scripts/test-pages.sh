#!/usr/bin/env bash
# Tests the portal's pages on a private system, in Chromium, and the main functions in Firefox: test-pages.sh [OPTION…],
# with options of Playwright, such as a file's name.
set -euo pipefail
cd "$(dirname "$0")/../.."

. dev/scripts/lib/binaries.sh

# Runs Playwright with the options behind the first on a system with that access to channels.
test_with_access() {
    access=$1
    shift
    directory=$PWD/.local/pages-$access
    PUSHER_CHANNEL_ACCESS=$access PORTAL_DIR=$PWD/portal/dist SENDER_LIMIT=0 STAFF_SENDER_LIMIT=0 READER_LIMIT=0 READ_MARK_LIMIT=0 ADDRESS_LIMIT=0 \
        "$binaries/stack" up --dir "$directory" >/dev/null
    (
        set -a
        . "$directory/env"
        . "$directory/kept"
        RABBITMQ_DIRECTORY=$directory/rabbitmq
        set +a
        cd portal
        SYSTEM=1 npm run test:pages -- "$@"
    )
    "$binaries/stack" down --dir "$directory"
    directory=
}

directory=
trap 'test -z "$directory" || "$binaries/stack" down --dir "$directory"' EXIT
test_with_access private "$@"
# Client events must not depend on the access to the other channels.
if [ $# -eq 0 ]; then
    test_with_access encrypted typing
fi
