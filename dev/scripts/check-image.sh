#!/usr/bin/env bash
# Runs the Dockerfile's own cargo commands on a copy of the build context, without an engine, in seconds and without
# compiling: of the skeleton that `cook` writes and of the whole context Cargo only plans the build. It fails where
# the image would not build: a crate or a target that .dockerignore or the skeleton lacks, a lock file that is behind.
# The public workflow builds the images themselves.
set -euo pipefail
cd "$(dirname "$0")/../.."

context=$PWD/.local/image-context
fail() {
    echo "Dockerfile: $*" >&2
    exit 1
}

# What .dockerignore leaves in, which is written in these forms alone: `*`, then `!PATH`, then `**/NAME` or `PATH`.
included=() excluded=()
while read -r pattern; do
    case $pattern in
    '' | '#'* | '*') ;;
    '!'*) included+=("${pattern#!}") ;;
    '**/'*) excluded+=(":(exclude,glob)**/${pattern#'**/'}" ":(exclude,glob)**/${pattern#'**/'}/**") ;;
    *) excluded+=(":(exclude)$pattern") ;;
    esac
done <.dockerignore
# In a container the checkout may be another user's.
git() { command git -c safe.directory="$PWD" "$@"; }
copy_context() {
    git ls-files -z --cached --others --exclude-standard -- "${included[@]}" "${excluded[@]}" |
        xargs -0 -I {} find {} -maxdepth 0 -print0 2>/dev/null |
        tar --create --null --files-from=- | tar --extract --directory "$1"
}

# plan ARGUMENT…: what `cargo build ARGUMENT…` begins with. `cargo metadata` does not look for each target's file.
plan() { RUSTC_BOOTSTRAP=1 cargo build "$@" -Z unstable-options --unit-graph >/dev/null; }

rm -rf "$context"
mkdir -p "$context"
for folder in recipe build; do mkdir "$context/$folder"; done
copy_context "$context/recipe"

programs=$(sed -n 's/^ENV PROGRAMS="\(.*\)"$/\1/p' Dockerfile)
mapfile -t commands < <(sed -n 's/^RUN \(cargo .*\)$/\1/p' Dockerfile)
ran=""
for command in "${commands[@]}"; do
    # The words are separated as the image's shell separates them.
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
    *) fail "dev/scripts/check-image.sh does not know \`$command\`" ;;
    esac
    ran+=" ${words[1]}"
done
[[ $ran == ' install chef chef build' ]] || fail "its cargo commands are not install, chef, chef, build, but$ran"
echo "The image's cargo commands succeed on what .dockerignore leaves in"
