// What a message costs.

import { about, bytes, prose, table } from "../format.mjs";
import { eventsPassed, rowBytes, waitingBytes } from "../sizing.mjs";

/** The chapter, of what was measured and the assumptions' values by name. */
export function costs(m, a) {
  const shown = (unit, value) => (unit === "bytes" ? bytes(value) : `${about(value)} ${unit}`);
  const spread = ({ rounds: [low, high] = [] }) =>
    low < high ? `${about(low)} to ${about(high)}` : "";
  const rows = Object.values(m).map((it) => [
    it.what,
    shown(it.unit, it.value),
    spread(it),
    it.source,
  ]);
  const worked = [
    ["PostgreSQL's files, a message, with slack", bytes(rowBytes(m, a))],
    [
      "RabbitMQ's disk, a message that waits in both queues, in a body of its own, a member",
      bytes(waitingBytes(a)),
    ],
    ["Wire to Pusher, a message's two events", bytes(2 * a.event)],
    [
      `One broadcaster passes on with ${a.broadcastConcurrency} calls of ${a.pusherCall * 1000} ms`,
      `${about(eventsPassed(a.broadcastConcurrency, a))} events/s`,
    ],
  ].map((it) => [...it, "", "worked out"]);
  const alone = ["gateway", "persister", "broadcaster", "postgres", "rabbitmq"].reduce(
    (sum, name) => sum + m[name].value,
    0,
  );
  return [
    "## What a message costs",
    prose(`Rates are those of one machine that load, services, RabbitMQ and PostgreSQL shared.`),
    table(["what", "is", "rounds", "from"], [...rows, ...worked]),
    prose(`A message's CPU is that at 1,000 a second, where hardly two travel together: ${about(alone)} µs for all five.
      At the highest rate of row 4, with the load, it is ${about(m.whole.value)} µs at most, since messages then share
      publishes, batches and calls. So the machines above are up to ${about(alone / m.whole.value)} times too many where all
      are busy; how busy each is at its peak is not known before it has been tried.`),
  ];
}
