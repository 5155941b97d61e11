#!/usr/bin/env bash
# Runs the cargo commands of the Dockerfile on a copy of the build context, without a container engine and without
# compiling: Cargo only plans the builds of cargo-chef's skeleton and of the whole context. It fails when .dockerignore
# or the skeleton lacks a crate or a target, or when Cargo.lock is outdated. The public workflow builds the images.
set -euo pipefail
cd "$(dirname "$0")/../.."

context=$PWD/.local/image-context
fail() {
    echo "Dockerfile: $*" >&2
    exit 1
}

# The patterns of .dockerignore, which has these forms only: `*`, then `!PATH`, then `**/NAME` or `PATH`.
included=() excluded=()
while read -r pattern; do
    case $pattern in
    '' | '#'* | '*') ;;
    '!'*) included+=("${pattern#!}") ;;
    '**/'*) excluded+=(":(exclude,glob)**/${pattern#'**/'}" ":(exclude,glob)**/${pattern#'**/'}/**") ;;
    *) excluded+=(":(exclude)$pattern") ;;
    esac
done <.dockerignore
# In a container, another user may own the checkout.
git() { command git -c safe.directory="$PWD" "$@"; }
copy_context() {
    git ls-files -z --cached --others --exclude-standard -- "${included[@]}" "${excluded[@]}" |
        xargs -0 -I {} find {} -maxdepth 0 -print0 2>/dev/null |
        tar --create --null --files-from=- | tar --extract --directory "$1"
}

# plan ARGUMENT…: plans `cargo build ARGUMENT…`. `cargo metadata` would not check that each target has its file.
plan() { RUSTC_BOOTSTRAP=1 cargo build "$@" -Z unstable-options --unit-graph >/dev/null; }

rm -rf "$context"
mkdir -p "$context"
for folder in recipe build; do mkdir "$context/$folder"; done
copy_context "$context/recipe"

programs=$(sed -n 's/^ENV PROGRAMS="\(.*\)"$/\1/p' Dockerfile)
mapfile -t commands < <(sed -n 's/^RUN \(cargo .*\)$/\1/p' Dockerfile)
ran=""
for command in "${commands[@]}"; do
    # Split into words as by the shell of the image.
    read -ra words <<<"${command/'$PROGRAMS'/$programs}"
    case $command in
    'cargo install '*)
        version=${words[-1]#cargo-chef@}
        installed=$(cargo chef --version) || fail "cargo-chef is not installed: make tools"
        [[ ${installed##* } == "$version" ]] || fail "cargo-chef is $installed and not $version: make tools"
        ;;
    'cargo chef prepare '*)
        (cd "$context/recipe" && "${words[@]}") || fail "\`$command\` fails"
        cp "$context/recipe/recipe.json" "$context/build/"
        ;;
    'cargo chef cook '*)
        (cd "$context/build" && "${words[@]}" --no-build && plan --release --locked $programs) || fail "\`$command\` fails"
        ;;
    'cargo build --release '*)
        copy_context "$context/build"
        (cd "$context/build" && plan "${words[@]:2}") || fail "\`$command\` fails"
        ;;
    *) fail "dev/scripts/check-image.sh does not support \`$command\`" ;;
    esac
    ran+=" ${words[1]}"
done
[[ $ran == ' install chef chef build' ]] || fail "its cargo commands must be install, chef, chef, build, and are$ran"
echo "The cargo commands of the image succeed on its build context"
