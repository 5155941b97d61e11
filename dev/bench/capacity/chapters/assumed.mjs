// What is taken for true.

import { bytes, given, prose, table } from "../format.mjs";

/** The chapter, of assumptions.json and plans.json. */
export function assumed(assumptions, plans) {
  const value = (it) =>
    Array.isArray(it.value)
      ? it.value.map(given).join(it.value.length === 2 ? " to " : ", ")
      : given(it.value);
  const quantity = (it) =>
    it.unit === "bytes" && it.value >= 1e6 ? bytes(it.value) : `${value(it)} ${it.unit}`.trim();
  const rows = Object.values(assumptions).map((it) => [it.what, quantity(it), it.source]);
  const offers = plans.plans.map((it) => [
    it.name,
    given(it.dollars),
    given(it.connections),
    given(it.messagesADay),
  ]);
  return [
    "## What is assumed",
    "From `dev/bench/capacity/assumptions.json`; change what is not yours, and run `make capacity`.",
    table(["what", "value", "why"], rows),
    prose(`Pusher's plans (\`dev/bench/capacity/plans.json\`): ${plans.source}.`),
    table(["plan", "$ a month", "connections", "messages a day"], offers, { right: true }),
  ];
}
