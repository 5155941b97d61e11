// The limits of the system, and the remedy for each.

import { loadOf } from "./load.mjs";
import { eventsPassed, postgresVcpus, storedBytes } from "./sizing.mjs";

const MOST_PLAYERS = 1e9;

/**
 * The highest number of players online for which `within` is true; it must be true for all lower
 * ones.
 *
 * @returns a whole number; `Infinity` above a billion
 */
export function most(within) {
  if (within(MOST_PLAYERS)) return Infinity;
  let [good, bad] = [0, MOST_PLAYERS];
  while (bad - good > 1) {
    const players = Math.floor((good + bad) / 2);
    if (within(players)) good = players;
    else bad = players;
  }
  return good;
}

/**
 * All known limits, in the order in which they are reached.
 *
 * @param m the measured figures
 * @param a the assumptions' values by name
 * @param plans Pusher's
 * @returns `{what, answer, players}`; `players` is the highest number below the limit
 */
export function limits(m, a, plans) {
  const plan = plans.at(-1);
  const list = [
    {
      what: "A staff's browser receives every player's message on the plain `staff-portal`",
      load: (load) => load.plain.staffEvents,
      limit: a.staffBrowser,
      answer: "`STAFF_EVENTS_PER_SECOND`: coalesced events, and the desk reads with `after`",
    },
    {
      what: `${plan.name}'s messages a day, on the plain \`staff-portal\``,
      load: (load) => load.plain.pusherMessagesADay,
      limit: plan.messagesADay,
      answer: "`STAFF_EVENTS_PER_SECOND`",
    },
    {
      what: `${plan.name}'s messages a day, with coalesced events`,
      load: (load) => load.coalesced.pusherMessagesADay,
      limit: plan.messagesADay,
      answer: "a self-hosted cluster, or a contract with Pusher",
    },
    {
      what: `${plan.name}'s connections`,
      load: (load) => load.sockets,
      limit: plan.connections,
      answer: "a self-hosted cluster, or a contract with Pusher",
    },
    {
      what: "`presence-staff-portal` of hosted Pusher is full",
      load: (load) => load.staff,
      limit: a.presenceMembers,
      answer: "further staff have no presence; a self-hosted cluster has its own limit",
    },
    {
      what: `One broadcaster has ${a.broadcastConcurrency} calls of ${a.eventsACall} events outstanding`,
      load: (load) => load.plain.events,
      limit: eventsPassed(a.broadcastConcurrency, a),
      answer: "`BROADCAST_CONCURRENCY`, then more broadcasters",
    },
    {
      what: "One broadcaster, with any settings",
      load: (load) => load.plain.events,
      limit: m.passed.value * a.use,
      answer: "more broadcasters",
    },
    {
      what: "One pair of queues, up to the measured rate",
      load: (load) => load.peak,
      limit: m.pair.value * a.use,
      answer: "`QUEUE_PARTITIONS`, leaders spread over the nodes",
    },
    {
      what: "One persister",
      load: (load) => load.peak,
      limit: m.rows.value * a.use,
      answer: "more persisters",
    },
    {
      what: "One gateway's sends",
      load: (load) => load.peak,
      limit: m.sends.value * a.use,
      answer: "more gateways",
    },
    {
      what: "One gateway's connections",
      load: (load) => load.players,
      limit: a.connectionsAGateway,
      answer: "more gateways, `MAX_CONNECTIONS`, or a proxy that shares connections",
    },
    {
      what: "An outage of an hour at the mean rate fills the queue of one pair, and sends are refused",
      load: (load) => load.mean * a.outage * a.body,
      limit: a.queueMaxBytes,
      answer: "`QUEUE_MAX_BYTES` and the disk for it, or partitions",
    },
    {
      what: `One PostgreSQL's CPU, ${a.vcpus.at(-1)} vCPU`,
      load: (load) => postgresVcpus(load, m, a),
      limit: a.vcpus.at(-1),
      answer:
        "size persister and database for the mean rate and let the queue absorb peaks; then a cluster, distributed by player ([deploy/citus](../deploy/citus/README.md))",
    },
    {
      what: `One PostgreSQL's disk, at ${a.retention} days`,
      load: (load) => storedBytes(load, m, a),
      limit: a.volume,
      answer: "a shorter `HISTORY_RETENTION`; then a cluster, distributed by player",
    },
  ];
  return list
    .map(({ what, answer, load, limit }) => ({
      what,
      answer,
      players: most((it) => load(loadOf(it, a)) <= limit),
    }))
    .sort((one, other) => one.players - other.players);
}
