// What docs/performance.json says of the cost of a message. A figure that is missing ends the
// script, unless an assumption stands in for it: nothing is made up silently.

/** The one in the middle, or the mean of the two that are. */
const middle = (sorted) =>
  (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;

const ascending = (figures) => [...figures].sort((one, other) => one - other);

/**
 * What the rounds gave for the figure of a row that `pattern` names, in ascending order: if it names
 * several, for the one with the highest middle; `undefined` if it names none.
 */
function rounds(report, row, pattern) {
  const { claims = [], raw = [] } = report.rows[row] ?? {};
  const figures = [
    ...claims.map((it) => [it.what, it.measured]),
    ...raw.map((it) => [it.what, it.figures]),
  ];
  const named = figures.filter(([what, rounds]) => pattern.test(what) && rounds.length > 0);
  return named
    .map(([, rounds]) => ascending(rounds))
    .sort((one, other) => middle(other) - middle(one))[0];
}

/**
 * The measured figures that capacity is worked out of.
 *
 * @param report docs/performance.json
 * @param assumptions assumptions.json, some of which stand in for what was not measured
 * @returns by name `{value, rounds, unit, what, source}`: `value` is the middle of the rounds, of which
 *   `rounds` has the lowest and the highest, if there were several
 * @throws when a figure is missing
 */
export function measured(report, assumptions) {
  const cores = Number(new Map(report.setting).get("cores"));
  if (!(cores > 0)) throw new Error("docs/performance.json does not say how many cores were used");

  const figure = (row, pattern, unit, what, change = (it) => it) => {
    const found = rounds(report, row, pattern);
    if (found === undefined) throw new Error(`docs/performance.json: row ${row} has no ${pattern}`);
    const sorted = ascending(found.map(change));
    return {
      value: middle(sorted),
      rounds: [sorted[0], sorted.at(-1)],
      unit,
      what,
      source: `row ${row}`,
    };
  };
  const figureOr = (standIn, row, pattern, unit, what) =>
    rounds(report, row, pattern) === undefined
      ? { value: standIn.value, unit, what, source: "assumed" }
      : figure(row, pattern, unit, what);

  const cpu = "µs of CPU";
  const shareOf = (rate) => (cores / rate) * 1e6;
  const claims = (report.rows[8]?.claims ?? []).map((it) => it.what);
  const connections = numberIn(claims, /^gateway, with (\d+) open connections$/, 8);
  const stored = numberIn([report.rows[9]?.what ?? ""], /^CPU a message at (\d+) rows/, 9);
  const idle = figure(8, /^gateway, idle$/, "MB", "").value;
  const ofConnection = (megabytes) => ((megabytes - idle) * 1e6) / connections;
  return {
    cores: { value: cores, unit: "cores", what: "The machine", source: "where" },
    gateway: figure(9, /^gateway, large$/, cpu, "Gateway, a message"),
    persister: figure(9, /^persister, large$/, cpu, "Persister, a message"),
    broadcaster: figure(9, /^broadcaster, large$/, cpu, "Broadcaster, a message's two events"),
    postgres: figure(9, /^PostgreSQL, large$/, cpu, "PostgreSQL, a message"),
    growth: figure(9, /^PostgreSQL$/, "×", "PostgreSQL, a message, over a hundredth of the rows"),
    rabbitmq: figureOr(
      assumptions.rabbitmqCpu,
      9,
      /^RabbitMQ, large$/,
      cpu,
      "RabbitMQ, a message, two queues of one member",
    ),
    whole: figure(
      4,
      /^sustained: /,
      cpu,
      "All of these and the load, a message at the highest rate, at most",
      shareOf,
    ),
    page: figure(
      6,
      /^gateway$/,
      cpu,
      "Gateway and PostgreSQL, a page of history, at most",
      shareOf,
    ),
    rowBytes: figureOr(
      assumptions.rowBytes,
      9,
      /^PostgreSQL's files, large$/,
      "bytes",
      "PostgreSQL's files, a message of the benchmark's",
    ),
    connection: figure(
      8,
      /^gateway, with \d+ open connections$/,
      "bytes",
      "Gateway's memory, an open connection",
      ofConnection,
    ),
    connections: {
      value: connections,
      unit: "connections",
      what: "One gateway was given",
      source: "row 8",
    },
    stored: { value: stored, unit: "messages", what: "The large database holds", source: "row 9" },
    pair: figure(
      4,
      /^sustained: /,
      "messages/s",
      "One pair of queues and one of each service sustain",
    ),
    sends: figure(1, /^\d+ connections: gateway$/, "messages/s", "One gateway accepts"),
    rows: figure(3, /^persister$/, "messages/s", "One persister writes"),
    passed: figure(
      7,
      /^broadcaster$/,
      "events/s",
      "One broadcaster passes on to what answers at once",
    ),
  };
}

/** The number that `pattern` finds in the first of `texts` that it matches. */
function numberIn(texts, pattern, row) {
  const found = texts.map((text) => pattern.exec(text)).find(Boolean);
  if (!found) throw new Error(`docs/performance.json: row ${row} has no ${pattern}`);
  return Number(found[1]);
}
