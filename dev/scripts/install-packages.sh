#!/bin/sh
# Installs missing Debian packages: install-packages.sh [EXTRA…]
#
# Always: a C compiler, PostgreSQL, RabbitMQ, curl, CA certificates. Extras:
#   chromium    its headless shell, and the fonts of the expected screenshots
#   clamav      clamd, which scans files for viruses
#   clocks      libfaketime, a clock for one process
#   firefox     the browser
#   go          the compiler
#   libevent    what PgBouncer is built with
#   libpq       the library, for diesel_cli
#   prometheus  Prometheus and promtool
#   valgrind    counts the instructions of a program
#   venv        Python's virtual environments
#
# The project runs private servers below .local/, so services that this script installs are neither started nor
# enabled. Services that were installed before are not changed.
set -eu

found_in() { # found_in PROGRAM PATTERN...: whether it is on the PATH, or a file matches a pattern
    program=$1
    shift
    command -v "$program" >/dev/null 2>&1 && return
    for file in "$@"; do
        [ -e "$file" ] && return
    done
    return 1
}

missing=""
packages=""
need() { # need NAME PACKAGES
    missing="$missing${missing:+, }$1"
    packages="$packages $2"
}

{ found_in cc && [ -e /usr/include/stdio.h ]; } || need "a C compiler" "gcc libc6-dev"
found_in postgres /usr/lib/postgresql/*/bin/postgres || need PostgreSQL postgresql
found_in rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmq-server || need RabbitMQ rabbitmq-server
found_in curl || need curl curl
[ -e /etc/ssl/certs/ca-certificates.crt ] || need "CA certificates" ca-certificates
for extra in "$@"; do
    case $extra in
    chromium)
        found_in chromium-headless-shell || need "Chromium without a window" chromium-headless-shell
        [ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || need "Noto Sans" fonts-noto-core
        [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || need "Noto Color Emoji" fonts-noto-color-emoji
        ;;
    firefox) found_in firefox-esr || need Firefox firefox-esr ;;
    clamav) found_in clamd /usr/sbin/clamd || need clamd clamav-daemon ;;
    clocks) found_in libfaketime /usr/lib/*/faketime/libfaketimeMT.so.1 || need libfaketime libfaketime ;;
    prometheus) found_in promtool || need Prometheus prometheus ;;
    valgrind) found_in valgrind || need valgrind valgrind ;;
    venv) python3 -c 'import ensurepip' >/dev/null 2>&1 || need "Python's venv" python3-venv ;;
    libevent)
        [ -e /usr/include/event2/event.h ] || need libevent libevent-dev
        [ -e /usr/include/openssl/ssl.h ] || need OpenSSL libssl-dev
        { found_in make && found_in pkg-config; } || need make "make pkg-config"
        ;;
    go) found_in go || need Go golang-go ;;
    libpq) [ -e /usr/include/postgresql/libpq-fe.h ] || need libpq libpq-dev ;;
    *)
        echo "install-packages: unknown extra '$extra' (known: chromium, clamav, clocks, firefox, go, libevent, libpq, prometheus, valgrind, venv)" >&2
        exit 2
        ;;
    esac
done

[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install-packages: missing: $missing; without apt-get, install them by hand" >&2
    exit 1
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install-packages: missing: $missing; run this as root or install sudo" >&2
        exit 1
    fi
    sudo=sudo
fi

systemd_runs() { [ -d /run/systemd/system ]; }
units="postgresql.service rabbitmq-server.service epmd.service epmd.socket prometheus.service clamav-daemon.service
    clamav-daemon.socket clamav-freshclam.service"
known_units() { systemctl list-unit-files --no-legend --plain $units 2>/dev/null | cut -d ' ' -f 1; }
units_before=""
if systemd_runs; then units_before=$(known_units); fi

# Debian starts a service when it is installed, unless this program exits with 101.
policy=/usr/sbin/policy-rc.d
forbid_starts() {
    [ -e "$policy" ] && return
    trap '$sudo rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 0755 "$policy"
}

apt() {
    $sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

echo "Installing from Debian: $missing"
forbid_starts
apt update
apt install -y --no-install-recommends $packages >/dev/null

# Otherwise the new services would start when the machine boots.
if systemd_runs; then
    for unit in $(known_units); do
        case " $(echo $units_before) " in
        *" $unit "*) ;;
        *)
            echo "Disabling $unit, which was installed now"
            $sudo systemctl --quiet disable --now "$unit"
            ;;
        esac
    done
fi
echo "Installed: $missing"
