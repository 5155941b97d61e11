# Sourced in the repository's root: sets `binaries`, the absolute path of the debug builds.
binaries=${CARGO_TARGET_DIR:-target}/debug
case $binaries in
/*) ;;
*) binaries=$PWD/$binaries ;;
esac
