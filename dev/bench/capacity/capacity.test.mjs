import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { about, bytes } from "./format.mjs";
import { LEVELS } from "./levels.mjs";
import { limits, most } from "./limits.mjs";
import { loadOf } from "./load.mjs";
import { measured } from "./measured.mjs";
import { page, values } from "./page.mjs";
import { machines, sizeFor, staffBytes } from "./sizing.mjs";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const assumptions = read("assumptions.json");
const plans = read("plans.json");
const a = values(assumptions);

/** A report of round numbers, with further `raw` figures of row 9. */
function report(...raw) {
  const claim = (what, figure) => ({ what, measured: [figure] });
  const figure = (what, ...figures) => ({ what, figures });
  return {
    setting: [
      ["cores", "2"],
      ["when", "2026-01-01"],
      ["commit", "0123456"],
    ],
    rows: {
      1: {
        raw: [
          figure("64 connections: gateway", 10_000),
          figure("256 connections: gateway", 20_000),
          figure("256 connections: gateway, p99", 1e9),
        ],
      },
      3: { raw: [figure("persister", 30_000, 10_000, 20_000)] },
      4: { raw: [figure("sustained: accepted, persisted and broadcast", 10_000)] },
      6: { raw: [figure("gateway", 4_000), figure("gateway, p99", 1e9)] },
      7: { raw: [figure("broadcaster", 100_000)] },
      8: {
        claims: [claim("gateway, idle", 10), claim("gateway, with 10000 open connections", 110)],
      },
      9: {
        what: "CPU a message at 10000000 rows and 1000000 sessions, over 100000 and 10000",
        claims: [claim("PostgreSQL", 2)],
        raw: ["gateway", "persister", "broadcaster", "PostgreSQL"]
          .map((name) => figure(`${name}, large`, 100))
          .concat(raw),
      },
    },
  };
}

const m = measured(report(), assumptions);

test("a figure is the median of its rounds, and the highest of matching figures", () => {
  assert.deepEqual([m.rows.value, m.rows.rounds], [20_000, [10_000, 30_000]]);
  assert.equal(m.sends.value, 20_000);
  assert.equal(m.whole.value, 200);
  assert.equal(m.page.value, 500);
  assert.equal(m.connection.value, 10_000);
});

test("a missing figure is an error, unless an assumption replaces it", () => {
  const without = report();
  delete without.rows[3];
  assert.throws(() => measured(without, assumptions), /row 3 has no/);
  assert.deepEqual([m.rabbitmq.value, m.rabbitmq.source], [a.rabbitmqCpu, "assumed"]);
  const added = report(
    { what: "RabbitMQ, large", figures: [70] },
    { what: "PostgreSQL's files, large", figures: [400] },
  );
  const { rabbitmq, rowBytes } = measured(added, assumptions);
  assert.deepEqual([rabbitmq.value, rabbitmq.source, rowBytes.value], [70, "row 9", 400]);
});

test("the load of players is computed by the documented formulas", () => {
  const load = loadOf(30_000, {
    ...a,
    sendEvery: 30,
    peak: 5,
    session: 600,
    hoursADay: 10,
    playersAStaff: 100,
    staffEvents: 10,
  });
  assert.deepEqual(
    [load.mean, load.peak, load.pages, load.staff, load.sockets],
    [1_000, 5_000, 50, 300, 30_300],
  );
  assert.deepEqual(load.plain, {
    staffEvents: 5_000,
    deliveries: 1_500_000,
    events: 10_000,
    pusherMessagesADay: 36_000 * 303_000,
  });
  assert.deepEqual(load.coalesced, {
    staffEvents: 10,
    deliveries: 3_000,
    events: 5_010,
    pusherMessagesADay: 36_000 * 5_010,
  });
});

test("machines are few and of the smallest size that suffices, or many of the largest", () => {
  const sizes = { few: 8, vcpus: [2, 4, 64] };
  assert.deepEqual(machines(0.1, 2, sizes), { count: 2, vcpus: 2 });
  assert.deepEqual(machines(17, 2, sizes), { count: 5, vcpus: 4 });
  assert.deepEqual(machines(17, 50, sizes), { count: 50, vcpus: 2 });
  assert.deepEqual(machines(640, 2, sizes), { count: 10, vcpus: 64 });
});

test("twice the cost takes twice the machines", () => {
  const sizes = [100, 200].map((micros) => {
    const costly = { ...m, persister: { value: micros }, pair: { value: 1e6 / micros } };
    return sizeFor(loadOf(1_000_000, a), costly, a, plans.plans);
  });
  const [once, twice] = sizes.map(({ fleets }) => fleets.persister.count * fleets.persister.vcpus);
  assert.equal(twice, once * 2);
  assert.equal(sizes[1].partitions, Math.ceil(1e6 / 6 / (5_000 * a.use)));
  assert.ok(sizes[1].dollars[0] > sizes[0].dollars[0]);
});

test("the bytes to staff are bounded by the size of an event", () => {
  const room = { staffEvents: 10, event: 500, news: 100, largestEvent: 10_000 };
  assert.equal(staffBytes(8, 2, room), 4_000);
  assert.equal(staffBytes(30, 2, room), 7_000);
  assert.equal(staffBytes(1e6, 2, room), 25_000);
});

test("a limit is the highest number of players that it allows", () => {
  assert.equal(
    most((players) => players <= 12_345),
    12_345,
  );
  assert.equal(
    most(() => true),
    Number.POSITIVE_INFINITY,
  );
  const list = limits(m, a, plans.plans);
  assert.deepEqual(
    list,
    [...list].sort((one, other) => one.players - other.players),
  );
  const pair = list.find(({ what }) => what.startsWith("One pair of queues"));
  assert.equal(pair.players, (10_000 * a.use * a.sendEvery) / a.peak);
});

test("numbers have two significant digits", () => {
  assert.deepEqual([166_666, 33.3, 0.123, Number.POSITIVE_INFINITY].map(about), [
    "170,000",
    "33",
    "0.12",
    "unlimited",
  ]);
  assert.deepEqual([0, 999, 1_700, 88e12, 2e18].map(bytes), [
    "0 bytes",
    "1,000 bytes",
    "1.7 kB",
    "88 TB",
    "2,000 PB",
  ]);
});

test("the page has no empty value, and depends on the measurement", () => {
  const before = page(report(), assumptions, plans);
  assert.doesNotMatch(before, /NaN|undefined|Infinity|\[object/);
  for (const level of LEVELS) assert.ok(before.includes(level.toLocaleString("en-US")));
  for (const line of before.split("\n"))
    assert.ok(line.startsWith("|") || line.length <= 120, line);
  const faster = report();
  faster.rows[4].raw[0].figures = [20_000];
  assert.notEqual(page(faster, assumptions, plans), before);
});

test("each assumption has a reason and is used", () => {
  const unused = new Set(Object.keys(a));
  const get = (target, name) => {
    unused.delete(name);
    return target[name];
  };
  const [known, watched] = [new Proxy(assumptions, { get }), new Proxy(a, { get })];
  limits(measured(report(), known), watched, plans.plans);
  for (const level of LEVELS) sizeFor(loadOf(level, watched), m, watched, plans.plans);
  assert.deepEqual([...unused], []);
  for (const { what, source, value } of Object.values(assumptions))
    assert.ok(what && source && value !== undefined);
});
