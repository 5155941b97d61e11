// The machines and settings of each level.

import { about, bytes, given, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";

const fleet = ({ count, vcpus }) => `${given(count)} × ${vcpus}`;

/** The chapter, from the levels. */
export function howMany(levels, a) {
  const row = (what, cell) => across(levels, what, cell);
  const rows = [
    row("messages a second, mean", ({ load }) => about(load.mean)),
    row("messages a second, peak", ({ load }) => about(load.peak)),
    row("staff's browsers", ({ load }) => about(load.staff)),
    row("**gateways** × vCPU", ({ size }) => fleet(size.fleets.gateway)),
    row("memory for connections, each", ({ size }) => bytes(size.connectionBytes)),
    row("**persisters** × vCPU", ({ size }) => fleet(size.fleets.persister)),
    row("**broadcasters** × vCPU", ({ size }) => fleet(size.fleets.broadcaster)),
    row("`BROADCAST_CONCURRENCY`, each", ({ size }) => about(size.concurrency)),
    row("`STAFF_EVENTS_PER_SECOND`, each", ({ size }) => given(size.staffEvents)),
    row("**RabbitMQ** nodes × vCPU", ({ size }) => fleet(size.fleets.rabbitmq)),
    row("`QUEUE_PARTITIONS`", ({ size }) => given(size.partitions)),
    row(`disk for an outage of ${a.outage / 3600} h, each node`, ({ size }) => bytes(size.waiting)),
    row("**PostgreSQL**, with standbys, × vCPU", ({ size }) => fleet(size.fleets.postgres)),
    row("new history a day", ({ size }) => bytes(size.stored / a.retention)),
    row(`history of ${a.retention} days`, ({ size }) => bytes(size.stored)),
    row(
      "**Pusher**, events coalesced",
      ({ size }) => size.plan?.name ?? `self-hosted, ${fleet(size.fleets.pusher)}`,
    ),
    row("traffic to players and staff, a day", ({ size }) => bytes(size.bytesOutADay)),
    row("$ a month", ({ size }) => size.dollars.map(about).join(" to ")),
  ];
  const several = levels.find(({ size }) => size.databases > 1);
  const databases = several
    ? `At ${given(several.load.players)} players ${several.size.databases} PostgreSQL primaries are counted, as one does not
      suffice. They are servers of one database that is distributed by player
      ([deploy/citus](../deploy/citus/README.md)); its coordinator is not counted, and such a cluster was not measured.`
    : "One PostgreSQL primary suffices at each level.";
  return [
    "## Machines",
    table(head(), rows, { right: true }),
    prose(`A vCPU has 4 GB of memory. The minimum is two instances of each service, three RabbitMQ nodes and a standby of
      PostgreSQL, so that one may fail. The price excludes load balancers, archives, backups, monitoring and staff. ${databases}`),
  ];
}
