# Sourced by checks that report every problem before they fail: `[ "$failed" -eq 0 ]`.
failed=0

complain() { # complain TEXT: reports a problem
    echo "$1" >&2
    failed=1
}
