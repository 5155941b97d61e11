// The assumptions.

import { bytes, given, prose, table } from "../format.mjs";

/** The chapter, of assumptions.json and plans.json. */
export function assumed(assumptions, plans) {
  const number = (value) =>
    Array.isArray(value)
      ? value.map(given).join(value.length === 2 ? " to " : ", ")
      : given(value);
  const quantity = ({ unit, value }) =>
    unit === "bytes" && value >= 1e6 ? bytes(value) : `${number(value)} ${unit}`.trim();
  const rows = Object.values(assumptions).map((assumption) => [
    assumption.what,
    quantity(assumption),
    assumption.source,
  ]);
  const offers = plans.plans.map((plan) => [
    plan.name,
    given(plan.dollars),
    given(plan.connections),
    given(plan.messagesADay),
  ]);
  return [
    "## Assumptions",
    "From `dev/bench/capacity/assumptions.json`. Replace them by your own values, and run `make capacity`.",
    table(["assumption", "value", "reason"], rows),
    prose(`Pusher's plans (\`dev/bench/capacity/plans.json\`): ${plans.source}.`),
    table(["plan", "$ a month", "connections", "messages a day"], offers, { right: true }),
  ];
}
