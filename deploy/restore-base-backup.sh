#!/bin/sh
# Restores a copy of deploy/base-backup.sh and the write-ahead log that was archived since into PostgreSQL's data
# directory: deploy/restore-base-backup.sh BACKUP ARCHIVE DATA [TIME]
#
# Run it on PostgreSQL's host, as root or as the user of PostgreSQL. PostgreSQL must be stopped; the services may run.
# What DATA holds is moved to LOST, which is DATA.lost by default. The log in LOST/pg_wal that was not archived is
# used, too: if all of it can be read, nothing that was committed is lost. With TIME, such as
# '2026-11-25 14:05:00+00', no transaction is restored that was committed later. Then start PostgreSQL.
set -eu

usage='usage: deploy/restore-base-backup.sh BACKUP ARCHIVE DATA [TIME]'
backup=${1:?$usage}
archive=${2:?$usage}
data=${3:?$usage}
time=${4-}
lost=${LOST:-$data.lost}

fail() {
    echo "restore: $*" >&2
    exit 1
}

[ -e "$backup/backup_manifest" ] || fail "$backup is no copy of deploy/base-backup.sh"
archive=$(cd "$archive" && pwd)
if [ -e "$data/postmaster.pid" ]; then
    process=$(head -n 1 "$data/postmaster.pid")
    ! kill -0 "$process" 2>/dev/null ||
        fail "PostgreSQL runs as process $process: stop it; if that is another program, delete $data/postmaster.pid"
fi

owner=$(stat --format=%u:%g "$data" 2>/dev/null || stat --format=%u:%g "$(dirname "$data")")
mkdir -p "$data"
chmod 700 "$data"
if [ -n "$(ls -A "$data")" ]; then
    [ ! -e "$lost" ] || fail "$lost exists already: move it away"
    # The directory itself stays: it may be the place of a mounted volume.
    mkdir -m 700 "$lost"
    find "$data" -mindepth 1 -maxdepth 1 -exec mv -t "$lost" {} +
fi
cp -a "$backup/." "$data"
if [ -d "$lost/pg_wal" ]; then
    find "$lost/pg_wal" -maxdepth 1 -type f -name '0*' -exec cp -p -t "$data/pg_wal" {} + ||
        echo "restore: not all of $lost/pg_wal can be read: what it has and $archive has not is lost" >&2
fi

# The copied server may have been restored before.
settings=$data/postgresql.auto.conf
sed -i '/^restore_command/d; /^recovery_target/d' "$settings"
echo "restore_command = 'cp \"$archive/%f\" \"%p\"'" >>"$settings"
if [ -n "$time" ]; then
    echo "recovery_target_time = '$time'" >>"$settings"
    echo "recovery_target_action = 'promote'" >>"$settings"
fi
touch "$data/recovery.signal"
[ "$(id -u)" -ne 0 ] || chown -R "$owner" "$data"
echo "restored; start PostgreSQL, and wait until its log has: archive recovery complete"
