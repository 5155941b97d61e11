#!/bin/sh
# Installs what the project needs from Debian, and only what is missing: a C compiler, the programs of
# PostgreSQL and of RabbitMQ, curl and the certificates; with the word libpq, that library as well; with
# the word clocks, libfaketime, which gives a process a clock of its own; with the word valgrind, what
# counts a program's instructions; with the word go, that language's compiler; with the word venv, what Python makes
# virtual environments with; with the word prometheus, Prometheus and its promtool; with the word chromium, that browser without a window, and fonts, so that pages
# look the same on every machine; with the word firefox, that browser.
#
# The project runs servers of its own under .local/, so no service of the system is left running by
# an installation made here, and one that was there before is left alone.
set -eu

found_in() { # found_in PROGRAM PATTERN...: on the PATH, or a file that matches a pattern
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
    clocks) found_in libfaketime /usr/lib/*/faketime/libfaketimeMT.so.1 || need libfaketime libfaketime ;;
    prometheus) found_in promtool || need Prometheus prometheus ;;
    valgrind) found_in valgrind || need valgrind valgrind ;;
    venv) python3 -c 'import ensurepip' >/dev/null 2>&1 || need "Python's venv" python3-venv ;;
    go) found_in go || need Go golang-go ;;
    libpq) [ -e /usr/include/postgresql/libpq-fe.h ] || need libpq libpq-dev ;;
    *)
        echo "install-packages: unknown extra '$extra' (known: chromium, clocks, firefox, go, libpq, prometheus, valgrind, venv)" >&2
        exit 2
        ;;
    esac
done

[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install-packages: missing: $missing; this is no Debian, so please install them by its own means" >&2
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
units="postgresql.service rabbitmq-server.service epmd.service epmd.socket prometheus.service"
known_units() { systemctl list-unit-files --no-legend --plain $units 2>/dev/null | cut -d ' ' -f 1; }
units_before=""
if systemd_runs; then units_before=$(known_units); fi

# Debian starts a service as soon as it is installed, unless this program says no (101).
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

# Without this, what was installed here would start with the machine's next boot.
if systemd_runs; then
    for unit in $(known_units); do
        case " $(echo $units_before) " in
        *" $unit "*) ;;
        *)
            echo "Disabling the system's $unit, which this installation brought"
            $sudo systemctl --quiet disable --now "$unit"
            ;;
        esac
    done
fi
echo "Installed: $missing"
