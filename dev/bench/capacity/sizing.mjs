// The machines and settings for a load.

const MICRO = 1e-6;
const DAYS_A_MONTH = 30;

/**
 * The machines with `needed` vCPUs: the smallest size of which a few are enough, or the largest.
 *
 * @returns `{count, vcpus}`
 */
export function machines(needed, atLeast, a) {
  const enough = (vcpus) => Math.ceil(needed / vcpus) <= Math.max(a.few, atLeast);
  const vcpus = a.vcpus.find(enough) ?? a.vcpus.at(-1);
  return { count: Math.max(atLeast, Math.ceil(needed / vcpus)), vcpus };
}

/** The bytes of a message in PostgreSQL, with indexes and slack. */
export const rowBytes = (m, a) => (m.rowBytes.value - a.rowContent + a.content) * a.slack;

/** The bytes of the retained history. */
export const storedBytes = (load, m, a) => load.mean * load.seconds * a.retention * rowBytes(m, a);

/** The bytes of a message in a body of its own in both queues, on one member of each. */
export const waitingBytes = (a) => 2 * (a.body + a.queueOverhead);

/** Events a second of one broadcaster with so many concurrent calls. */
export const eventsPassed = (concurrency, a) => (concurrency * a.eventsACall) / a.pusherCall;

/** The vCPUs of PostgreSQL at a peak, within the usable share of a machine. */
export const postgresVcpus = (load, m, a) =>
  ((load.peak * m.postgres.value + load.pages * a.peak * m.page.value) * MICRO) / a.use;

/**
 * Bytes a second to each staff's browser at `messages` a second: some in events of their own, the
 * others in one digest a second from each broadcaster, up to the size limit of an event.
 */
export function staffBytes(messages, broadcasters, a) {
  const single = Math.min(messages, a.staffEvents);
  const digest = ((messages - single) / broadcasters) * a.news;
  return single * a.event + broadcasters * Math.min(digest, a.largestEvent);
}

/** The smallest of Pusher's plans that suffices for a load with coalesced events. */
export const planFor = ({ sockets, coalesced }, plans) =>
  plans.find(
    (plan) =>
      sockets <= plan.connections && coalesced.pusherMessagesADay <= plan.messagesADay,
  );

/**
 * The system for a load, with coalesced events.
 *
 * @param m the measured figures
 * @param a the assumptions' values by name
 * @param plans Pusher's, the smallest first
 */
export function sizeFor(load, m, a, plans) {
  const vcpus = (micros, rate = load.peak) => (rate * micros * MICRO) / a.use;
  const sharing = (rate, of) => Math.ceil(rate / (of.value * a.use));
  const { events } = load.coalesced;

  const connected = Math.ceil(load.players / a.connectionsAGateway);
  const served = vcpus(m.gateway.value) + vcpus(m.page.value, load.pages * a.peak);
  const gateway = machines(served, Math.max(2, connected), a);
  const writers = Math.max(2, sharing(load.peak, m.rows));
  const callers = Math.max(2, sharing(events, m.passed));
  const broadcaster = machines(vcpus(m.broadcaster.value), callers, a);
  const concurrency = Math.ceil(events / (broadcaster.count * a.use * eventsPassed(1, a)));

  const stored = storedBytes(load, m, a);
  const needed = postgresVcpus(load, m, a);
  const databases = Math.ceil(Math.max(needed / a.vcpus.at(-1), stored / a.volume));
  // Each primary has a standby.
  const vcpusOfEach = a.vcpus.find((size) => size >= needed / databases);
  const postgres = { count: 2 * databases, vcpus: vcpusOfEach };

  const plan = planFor(load, plans);
  const nodes = Math.max(3, Math.ceil(load.sockets / a.socketsANode));

  const fleets = {
    gateway,
    persister: machines(vcpus(m.persister.value), writers, a),
    broadcaster,
    rabbitmq: machines(vcpus(m.rabbitmq.value) * a.replicas, a.replicas, a),
    postgres,
    ...(plan ? {} : { pusher: { count: nodes, vcpus: a.vcpus[0] } }),
  };
  const size = {
    fleets,
    plan,
    databases,
    partitions: sharing(load.peak, m.pair),
    concurrency: Math.max(a.broadcastConcurrency, concurrency),
    staffEvents: Math.max(1, Math.floor(a.staffEvents / broadcaster.count)),
    connectionBytes: (load.players / gateway.count) * m.connection.value,
    stored,
    waiting: load.mean * a.outage * waitingBytes(a),
    bytesOutADay: bytesOutADay(load, broadcaster.count, a),
  };
  return { ...size, dollars: price(size, a) };
}

/** The bytes a day to players and staff. */
function bytesOutADay(load, broadcasters, a) {
  const players = load.mean * a.event + load.pages * a.page;
  return load.seconds * (players + load.staff * staffBytes(load.mean, broadcasters, a));
}

/** The lowest and the highest price of a month. */
function price({ fleets, plan, stored, waiting, bytesOutADay }, a) {
  const vcpus = Object.values(fleets).reduce((sum, fleet) => sum + fleet.count * fleet.vcpus, 0);
  const disk = (stored * 2 + waiting * a.replicas) / 1e9;
  const out = (bytesOutADay * DAYS_A_MONTH) / 1e9;
  return [0, 1].map(
    (end) =>
      vcpus * a.vcpuMonth[end] +
      disk * a.gigabyteMonth[end] +
      out * a.gigabyteOut[end] +
      (plan?.dollars ?? 0),
  );
}
