// The cost of a message.

import { about, bytes, prose, table } from "../format.mjs";
import { eventsPassed, rowBytes, waitingBytes } from "../sizing.mjs";

/** The chapter, from the measured figures and the assumptions' values by name. */
export function costs(m, a) {
  const shown = (unit, value) => (unit === "bytes" ? bytes(value) : `${about(value)} ${unit}`);
  const spread = ({ rounds: [low, high] = [] }) =>
    low < high ? `${about(low)} to ${about(high)}` : "";
  const rows = Object.values(m).map((figure) => [
    figure.what,
    shown(figure.unit, figure.value),
    spread(figure),
    figure.source,
  ]);
  const derived = [
    ["PostgreSQL's files, a message, with slack", bytes(rowBytes(m, a))],
    [
      "RabbitMQ's disk on a member, a message in a body of its own in both queues",
      bytes(waitingBytes(a)),
    ],
    ["Wire to Pusher, a message's two events", bytes(2 * a.event)],
    [
      `One broadcaster, with ${a.broadcastConcurrency} concurrent calls of ${a.pusherCall * 1000} ms`,
      `${about(eventsPassed(a.broadcastConcurrency, a))} events/s`,
    ],
  ].map((row) => [...row, "", "derived"]);
  const total = ["gateway", "persister", "broadcaster", "postgres", "rabbitmq"].reduce(
    (sum, name) => sum + m[name].value,
    0,
  );
  return [
    "## The cost of a message",
    prose(`The rates are of one machine that load, services, RabbitMQ and PostgreSQL share.`),
    table(["figure", "value", "rounds", "source"], [...rows, ...derived]),
    prose(`The CPU of a message was measured at 1,000 a second, where most bodies hold one message: ${about(total)} µs for all five.
      At the highest rate of row 4, with the load, it is ${about(m.whole.value)} µs at most, since messages then share
      publishes, batches and calls. The machines above are therefore up to ${about(total / m.whole.value)} times too many when
      all are busy. The utilization at a peak is unknown without a test.`),
  ];
}
