// How far the levels are from what was measured.

import { about, points, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";

/** The chapter, of the levels, what was measured, and the assumptions' values by name. */
export function extrapolated(levels, m, a) {
  const beyond = (ratio) => (ratio <= 1 ? "within" : `${about(ratio)} ×`);
  const row = (what, until, ratio) =>
    across(levels, `${what}, ${until}`, (level) => beyond(ratio(level)));
  const rows = [
    row(
      "messages a second",
      `measured to ${about(m.pair.value)}`,
      ({ load }) => load.peak / m.pair.value,
    ),
    row(
      "messages stored",
      `measured to ${about(m.stored.value)}`,
      ({ load }) => (load.mean * load.seconds * a.retention) / m.stored.value,
    ),
    row(
      "connections of a gateway",
      `measured to ${about(m.connections.value)}`,
      ({ load, size }) => load.players / size.fleets.gateway.count / m.connections.value,
    ),
  ];
  return [
    "## What was extrapolated",
    prose(`Everything ran on one machine of ${m.cores.value} cores: load, services, RabbitMQ, PostgreSQL and a stand-in for
      Pusher. How far beyond that the columns above are:`),
    table(head(), rows, { right: true }),
    points([
      `**Carries over**: CPU a message in each service, bytes a message in each store, memory a connection.`,
      `**Does not**: rates of one machine's parts, which had to share its cores, and latency over a real network.`,
      `**May grow**: a message costs PostgreSQL ${about(m.growth.value)} times the CPU that it does at a hundredth of the
      rows; how much more it costs at a hundred times as many is not known.`,
      `**Never measured**: quorum queues of ${a.replicas} members, whose confirm waits for a second node's disk; disks that
      take their time over fsync; cold caches, and an index larger than memory; replication of PostgreSQL; TLS on every
      connection; a Pusher that is not on the loopback address, hosted or a cluster; several of one service at such rates.`,
      `**Left out**: staff's answers, which are messages like any other; \`session-updated\`, two for each change of a
      session; the inbox, and what desks ask for after a coalesced event; sends repeated; ids of archived messages;
      PostgreSQL's write-ahead log; players who all come back at once.`,
    ]),
    prose(`Before relying on a column, load a tenth of it on the machines meant for it (\`bench/\`), and put what comes of it
      in place of what is assumed here.`),
  ];
}
