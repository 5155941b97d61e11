#!/bin/sh
# Restores a dump of deploy/backup.sh into an empty database, whole or not at all:
# deploy/restore.sh FILE [COMMAND…]
#
# DATABASE_URL and COMMAND are as for deploy/backup.sh; the user of DATABASE_URL owns the restored tables.
# The roles that the dump grants rights to must exist: deploy/database/users.sql creates them. The
# services may run meanwhile: until the restore is complete, the database is unavailable to them.
set -eu

file=${1:?usage: deploy/restore.sh FILE [COMMAND…]}
shift
: "${DATABASE_URL:?the address of the database}"

ask() { # ask SQL [COMMAND…]
    sql=$1
    shift
    # Without /dev/null a command of docker compose reads the rest of this script's input.
    "$@" psql --dbname="$DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align \
        --set=ON_ERROR_STOP=1 --command="$sql" </dev/null
}

tables=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'" "$@")
if [ "$tables" -ne 0 ]; then
    echo "restore: the database has $tables tables; it must be empty" >&2
    exit 1
fi
"$@" pg_restore --dbname="$DATABASE_URL" --single-transaction --exit-on-error --no-owner <"$file"
# Without ANALYZE the planner has no statistics of the new tables.
ask ANALYZE "$@"
ask "SELECT count(*) || ' messages, the last of them accepted at ' || coalesce(max(accepted_at)::text, 'no time')
     FROM chat_messages" "$@"
