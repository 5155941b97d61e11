#!/bin/sh
# Checks Prometheus's configuration and rules: promtool accepts them; each alert has a severity, a summary, a
# description, a test in which it fires and one in which it does not, and the address of a runbook that exists.
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
    rule=$(sed -n "/^ *- alert: $alert\$/,/runbook_url:/p" deploy/prometheus/rules/*.yml)
    for line in 'labels: {severity: (page|ticket)}' 'summary: .+' 'description: .+' \
        "runbook_url: \"\{\{ \\\$externalLabels\.repository }}/$runbook\""; do
        echo "$rule" | grep -qE "^ *$line\$" || complain "$alert must have \`$line\`"
    done
    [ "$(grep -sx "##* $words" docs/operations.md | wc -l)" -eq 1 ] ||
        complain "docs/operations.md must have one heading \`$words\`"
done

[ "$failed" -eq 0 ]
echo "Each alert has tests and a runbook"
