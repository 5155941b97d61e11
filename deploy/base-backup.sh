#!/bin/sh
# Copies the whole database server into a new directory: deploy/base-backup.sh DIRECTORY [COMMAND…]
# With the write-ahead log that is archived from then on, deploy/restore-base-backup.sh restores any later state.
#
# DATABASE_URL and COMMAND are as for deploy/backup.sh; the user of DATABASE_URL is a superuser or has the attribute
# REPLICATION. DIRECTORY appears, where COMMAND runs, only when the copy is complete and verified.
set -eu

directory=${1:?usage: deploy/base-backup.sh DIRECTORY [COMMAND…]}
shift
: "${DATABASE_URL:?the address of the database}"

# Debian has pg_verifybackup in a directory for each version.
for programs in /usr/lib/postgresql/*/bin; do
    PATH=$programs:$PATH
done

# Only the owner of the files may read what players wrote.
umask 077
new=$directory.new
if "$@" test -e "$directory"; then
    echo "base-backup: $directory exists already" >&2
    exit 1
fi
"$@" rm -rf "$new"
"$@" pg_basebackup --dbname="$DATABASE_URL" --pgdata="$new" --checkpoint=fast
"$@" pg_verifybackup --quiet "$new"
"$@" mv "$new" "$directory"
"$@" du -sh "$directory"
