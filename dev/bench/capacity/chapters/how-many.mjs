// How many of what each level takes.

import { about, bytes, given, prose, table } from "../format.mjs";
import { across, head } from "../levels.mjs";

const fleet = ({ count, vcpus }) => `${given(count)} × ${vcpus}`;

/** The chapter, of the levels. */
export function howMany(levels, a) {
  const row = (what, cell) => across(levels, what, cell);
  const rows = [
    row("messages a second, mean", ({ load }) => about(load.mean)),
    row("messages a second, peak", ({ load }) => about(load.peak)),
    row("browsers of staff", ({ load }) => about(load.staff)),
    row("**gateways** × vCPU", ({ size }) => fleet(size.fleets.gateway)),
    row("memory of each for connections", ({ size }) => bytes(size.connectionBytes)),
    row("**persisters** × vCPU", ({ size }) => fleet(size.fleets.persister)),
    row("**broadcasters** × vCPU", ({ size }) => fleet(size.fleets.broadcaster)),
    row("`BROADCAST_CONCURRENCY` of each", ({ size }) => about(size.concurrency)),
    row("`STAFF_EVENTS_PER_SECOND` of each", ({ size }) => given(size.staffEvents)),
    row("**RabbitMQ** nodes × vCPU", ({ size }) => fleet(size.fleets.rabbitmq)),
    row("`QUEUE_PARTITIONS`", ({ size }) => given(size.partitions)),
    row(`disk of an outage of ${a.outage / 3600} h, a member`, ({ size }) => bytes(size.waiting)),
    row("**PostgreSQL**, with standbys, × vCPU", ({ size }) => fleet(size.fleets.postgres)),
    row("new history a day", ({ size }) => bytes(size.stored / a.retention)),
    row(`history of ${a.retention} days`, ({ size }) => bytes(size.stored)),
    row(
      "**Pusher**, events coalesced",
      ({ size }) => size.plan?.name ?? `own cluster, ${fleet(size.fleets.pusher)}`,
    ),
    row("to players and staff, a day", ({ size }) => bytes(size.bytesOutADay)),
    row("$ a month, about", ({ size }) => size.dollars.map(about).join(" to ")),
  ];
  const several = levels.find(({ size }) => size.databases > 1);
  const databases = several
    ? `At ${given(several.load.players)} players ${several.size.databases} PostgreSQL primaries are counted, since one is
      not enough. The system does not divide a database: that is so many whole systems side by side, each with
      its share of the players by \`playerId\`, and a desk that asks all of them, which nobody has built.`
    : "One PostgreSQL primary is enough everywhere.";
  return [
    "## How many",
    table(head(), rows, { right: true }),
    prose(`A vCPU comes with 4 GB. Two of each service, three RabbitMQ nodes and a standby of PostgreSQL are the least, so
      that one may fail. Load balancers, archives, backups, metrics and people are not in the price. ${databases}`),
  ];
}
