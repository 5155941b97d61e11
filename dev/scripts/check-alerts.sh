#!/bin/sh
# Prometheus takes its configuration and its rules; each alert fires in its test when it should, and not just before;
# each has a runbook.
set -eu
cd "$(dirname "$0")/../.."

failed=0
complain() {
    echo "$1" >&2
    failed=1
}

quietly() { # quietly COMMAND...: what it says, only when it fails
    said=$("$@" 2>&1) || complain "$said"
}

quietly promtool check config deploy/prometheus/prometheus.yml
quietly promtool test rules deploy/prometheus/tests/*.yml

alerts=$(sed -n 's/^ *- alert: //p' deploy/prometheus/rules/*.yml)
[ -n "$alerts" ] || complain 'deploy/prometheus/rules: no alerts were found'
for alert in $alerts; do
    firing="ALERTS{alertname=\"$alert\",alertstate=\"firing\""
    grep -rqF "labels: $firing," deploy/prometheus/tests || complain "$alert fires in no test"
    [ "$(grep -rhF "expr: $firing}" deploy/prometheus/tests | wc -l)" -gt 1 ] ||
        complain "$alert is not seen not to fire in any test"

    # A heading is found by its words: BrokerBlocked as "Broker blocked", at #broker-blocked.
    words=$(echo "$alert" | sed 's/\B[A-Z]/ \l&/g')
    runbook="docs/operations.md#$(echo "$words" | tr 'A-Z ' 'a-z-')"
    grep -rqxF "          runbook: $runbook" deploy/prometheus/rules || complain "$alert must have the runbook $runbook"
    grep -qsx "##* $words" docs/operations.md || complain "docs/operations.md must have a heading \`$words\`"
done

[ "$failed" -eq 0 ]
echo "Each alert fires when it should, and has a runbook"
