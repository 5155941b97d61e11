// What ends where, and what is the answer to it.

import { loadOf } from "./load.mjs";
import { eventsPassed, postgresVcpus, storedBytes } from "./sizing.mjs";

const MOST_PLAYERS = 1e9;

/**
 * The most players on line of which `within` is true, that being true of fewer too.
 *
 * @returns a whole number; `Infinity` beyond all that is of interest
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
 * Every limit that is known, the first to be reached first.
 *
 * @param m what was measured
 * @param a the assumptions' values by name
 * @param plans Pusher's
 * @returns `{what, answer, players}`, the last being the most that it allows
 */
export function limits(m, a, plans) {
  const plan = plans.at(-1);
  const list = [
    {
      what: "A browser of staff hears every player's message on the plain `staff-portal`",
      load: (it) => it.plain.staffEvents,
      limit: a.staffBrowser,
      answer: "`STAFF_EVENTS_PER_SECOND`: coalesced events, and the desk asks by `after`",
    },
    {
      what: `${plan.name}'s messages a day, on the plain \`staff-portal\``,
      load: (it) => it.plain.pusherMessagesADay,
      limit: plan.messagesADay,
      answer: "`STAFF_EVENTS_PER_SECOND`",
    },
    {
      what: `${plan.name}'s messages a day, with coalesced events`,
      load: (it) => it.coalesced.pusherMessagesADay,
      limit: plan.messagesADay,
      answer: "a self-hosted cluster, or a contract with Pusher",
    },
    {
      what: `${plan.name}'s connections`,
      load: (it) => it.sockets,
      limit: plan.connections,
      answer: "a self-hosted cluster, or a contract with Pusher",
    },
    {
      what: "`presence-staff-portal`, hosted, takes no further member",
      load: (it) => it.staff,
      limit: a.presenceMembers,
      answer: "further staff go without presence; a self-hosted cluster sets its own limit",
    },
    {
      what: `One broadcaster has ${a.broadcastConcurrency} calls of ${a.eventsACall} events under way`,
      load: (it) => it.plain.events,
      limit: eventsPassed(a.broadcastConcurrency, a),
      answer: "`BROADCAST_CONCURRENCY`, then more broadcasters",
    },
    {
      what: "One broadcaster, whatever it is set to",
      load: (it) => it.plain.events,
      limit: m.passed.value * a.use,
      answer: "more broadcasters",
    },
    {
      what: "One pair of queues, as far as it was measured",
      load: (it) => it.peak,
      limit: m.pair.value * a.use,
      answer: "`QUEUE_PARTITIONS`, leaders spread over the nodes",
    },
    {
      what: "One persister",
      load: (it) => it.peak,
      limit: m.rows.value * a.use,
      answer: "more persisters",
    },
    {
      what: "One gateway's sends",
      load: (it) => it.peak,
      limit: m.sends.value * a.use,
      answer: "more gateways",
    },
    {
      what: "One gateway's connections",
      load: (it) => it.players,
      limit: a.connectionsAGateway,
      answer: "more gateways, `MAX_CONNECTIONS`, or a proxy that shares connections",
    },
    {
      what: "An outage of an hour at the mean fills a queue of one pair; then sends are refused",
      load: (it) => it.mean * a.outage * a.body,
      limit: a.queueMaxBytes,
      answer: "`QUEUE_MAX_BYTES` and the disk for it, or partitions",
    },
    {
      what: `One PostgreSQL's CPU, ${a.vcpus.at(-1)} vCPU`,
      load: (it) => postgresVcpus(it, m, a),
      limit: a.vcpus.at(-1),
      answer:
        "size persister and database by the mean and let the queue hold peaks; then whole systems side by side, by `playerId`",
    },
    {
      what: `One PostgreSQL's disk, at ${a.retention} days`,
      load: (it) => storedBytes(it, m, a),
      limit: a.volume,
      answer: "a shorter `HISTORY_RETENTION`; then whole systems side by side, by `playerId`",
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
