#!/bin/sh
# Checks Prometheus's configuration and rules: promtool accepts them, each alert has a test in which it fires and one in
# which it does not, and each alert has a runbook.
set -eu
cd "$(dirname "$0")/../.."

. dev/scripts/lib/checks.sh

quietly() { # quietly COMMAND...: prints its output only when it fails
    output=$("$@" 2>&1) || complain "$output"
}

quietly promtool check config deploy/prometheus/prometheus.yml
quietly promtool test rules deploy/prometheus/tests/*.yml

alerts=$(sed -n 's/^ *- alert: //p' deploy/prometheus/rules/*.yml)
[ -n "$alerts" ] || complain 'deploy/prometheus/rules: no alerts were found'
for alert in $alerts; do
    firing="ALERTS{alertname=\"$alert\",alertstate=\"firing\""
    grep -rqF "labels: $firing," deploy/prometheus/tests || complain "$alert must have a test in which it fires"
    [ "$(grep -rhF "expr: $firing}" deploy/prometheus/tests | wc -l)" -gt 1 ] ||
        complain "$alert must have a test in which it does not fire"

    # The heading of BrokerBlocked is "Broker blocked", its anchor #broker-blocked.
    words=$(echo "$alert" | sed 's/\B[A-Z]/ \l&/g')
    runbook="docs/operations.md#$(echo "$words" | tr 'A-Z ' 'a-z-')"
    grep -rqxF "          runbook: $runbook" deploy/prometheus/rules || complain "$alert must have the runbook $runbook"
    grep -qsx "##* $words" docs/operations.md || complain "docs/operations.md must have a heading \`$words\`"
done

[ "$failed" -eq 0 ]
echo "Each alert has tests and a runbook"
