// The distance of the levels from the measurements.

import { about, points, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";

/** The chapter, from the levels, the measured figures, and the assumptions' values by name. */
export function extrapolated(levels, m, a) {
  const beyond = (ratio) => (ratio <= 1 ? "within" : `${about(ratio)} ×`);
  const row = (what, until, ratio) =>
    across(levels, `${what}, ${until}`, (level) => beyond(ratio(level)));
  const rows = [
    row(
      "messages a second",
      `measured up to ${about(m.pair.value)}`,
      ({ load }) => load.peak / m.pair.value,
    ),
    row(
      "messages stored",
      `measured up to ${about(m.stored.value)}`,
      ({ load }) => (load.mean * load.seconds * a.retention) / m.stored.value,
    ),
    row(
      "connections of a gateway",
      `measured up to ${about(m.connections.value)}`,
      ({ load, size }) => load.players / size.fleets.gateway.count / m.connections.value,
    ),
  ];
  return [
    "## Extrapolation",
    prose(`Everything ran on one machine of ${m.cores.value} cores: load, services, RabbitMQ, PostgreSQL and local-pusher.
      The columns above exceed the measurements by:`),
    table(head(), rows, { right: true }),
    points([
      `**Transferable**: CPU of a message in each service, bytes of a message in each store, memory of a connection.`,
      `**Not transferable**: rates of parts that shared the cores of one machine, and latency without a network.`,
      `**May grow**: a message costs PostgreSQL ${about(m.growth.value)} times the CPU of a message at a hundredth of the
      rows; the cost at a hundred times as many rows is unknown.`,
      `**Never measured**: quorum queues of ${a.replicas} members, whose confirm waits for a second node's disk; disks with a
      slow fsync; cold caches, and an index larger than memory; replication of PostgreSQL; TLS on every
      connection; hosted Pusher or a cluster over a network; several instances of a service at such rates.`,
      `**Left out**: staff's answers, which are messages like any other; \`session-updated\`, two for each change of a
      session; the inbox, and reads of desks after a coalesced event; repeated sends; ids of archived messages; PostgreSQL's
      write-ahead log; simultaneous reconnection of all players.`,
    ]),
    prose(`Before you rely on a column, test a tenth of its load on the intended machines (\`dev/bench\`), and replace the
      assumptions by the results.`),
  ];
}
