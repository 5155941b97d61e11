#!/bin/sh
# Puts what deploy/backup.sh wrote into an empty database, all of it or nothing: deploy/restore.sh FILE [COMMAND…]
#
# DATABASE_URL and COMMAND are as they are there; the user owns what is restored. The roles that the dump grants
# something to must be there: deploy/database/users.sql makes them. The services may run meanwhile: to them the database is away until
# all of it is there.
set -eu

file=${1:?usage: deploy/restore.sh FILE [COMMAND…]}
shift
: "${DATABASE_URL:?the address of the database}"

ask() { # ask SQL [COMMAND…]
    sql=$1
    shift
    # A command of compose's would read the rest of this script's input.
    "$@" psql --dbname="$DATABASE_URL" --no-psqlrc --quiet --tuples-only --no-align \
        --set=ON_ERROR_STOP=1 --command="$sql" </dev/null
}

tables=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'" "$@")
if [ "$tables" -ne 0 ]; then
    echo "restore: the database has $tables tables; it must be empty" >&2
    exit 1
fi
"$@" pg_restore --dbname="$DATABASE_URL" --single-transaction --exit-on-error --no-owner <"$file"
# Without it PostgreSQL knows nothing of how large the tables are.
ask ANALYZE "$@"
ask "SELECT count(*) || ' messages, the last of them accepted at ' || coalesce(max(accepted_at)::text, 'no time')
     FROM chat_messages" "$@"
