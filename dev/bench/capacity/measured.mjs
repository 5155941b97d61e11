// The measured figures in docs/performance.json. A missing figure is an error, unless an assumption
// replaces it.

/** The median. */
const median = (sorted) =>
  (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;

const ascending = (figures) => [...figures].sort((one, other) => one - other);

/**
 * The rounds of the figure of a row whose name matches `pattern`, in ascending order. Of several
 * figures, the one with the highest median; `undefined` without one.
 */
function rounds(report, row, pattern) {
  const { claims = [], raw = [] } = report.rows[row] ?? {};
  const figures = [
    ...claims.map((claim) => [claim.what, claim.measured]),
    ...raw.map((figure) => [figure.what, figure.figures]),
  ];
  const named = figures.filter(([what, rounds]) => pattern.test(what) && rounds.length > 0);
  return named
    .map(([, rounds]) => ascending(rounds))
    .sort((one, other) => median(other) - median(one))[0];
}

/**
 * The measured figures from which capacity is derived.
 *
 * @param report docs/performance.json
 * @param assumptions assumptions.json, some of which replace missing figures
 * @returns by name `{value, rounds, unit, what, source}`: `value` is the median of the rounds,
 *   `rounds` their minimum and maximum
 * @throws when a figure is missing
 */
export function measured(report, assumptions) {
  const cores = Number(new Map(report.setting).get("cores"));
  if (!(cores > 0)) throw new Error("docs/performance.json has no number of cores");

  const figure = (row, pattern, unit, what, convert = (value) => value) => {
    const found = rounds(report, row, pattern);
    if (found === undefined) throw new Error(`docs/performance.json: row ${row} has no ${pattern}`);
    const sorted = ascending(found.map(convert));
    return {
      value: median(sorted),
      rounds: [sorted[0], sorted.at(-1)],
      unit,
      what,
      source: `row ${row}`,
    };
  };
  const figureOr = (assumption, row, pattern, unit, what) =>
    rounds(report, row, pattern) === undefined
      ? { value: assumption.value, unit, what, source: "assumed" }
      : figure(row, pattern, unit, what);

  const cpu = "µs of CPU";
  const shareOf = (rate) => (cores / rate) * 1e6;
  const claims = (report.rows[8]?.claims ?? []).map((claim) => claim.what);
  const connections = numberIn(claims, /^gateway, with (\d+) open connections$/, 8);
  const stored = numberIn([report.rows[9]?.what ?? ""], /^CPU a message at (\d+) rows/, 9);
  const idle = figure(8, /^gateway, idle$/, "MB", "").value;
  const ofConnection = (megabytes) => ((megabytes - idle) * 1e6) / connections;
  return {
    cores: { value: cores, unit: "cores", what: "The machine", source: "environment" },
    gateway: figure(9, /^gateway, large$/, cpu, "Gateway, a message"),
    persister: figure(9, /^persister, large$/, cpu, "Persister, a message"),
    broadcaster: figure(9, /^broadcaster, large$/, cpu, "Broadcaster, a message's two events"),
    postgres: figure(9, /^PostgreSQL, large$/, cpu, "PostgreSQL, a message"),
    growth: figure(9, /^PostgreSQL$/, "×", "PostgreSQL, a message, relative to a hundredth of the rows"),
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
      "All of these and the load generator, a message at the highest rate, at most",
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
      "PostgreSQL's files, a message of the benchmark",
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
      what: "Measured connections of one gateway",
      source: "row 8",
    },
    stored: { value: stored, unit: "messages", what: "Messages in the large database", source: "row 9" },
    pair: figure(
      4,
      /^sustained: /,
      "messages/s",
      "One pair of queues and one instance of each service",
    ),
    sends: figure(1, /^\d+ connections: gateway$/, "messages/s", "One gateway, sends accepted"),
    rows: figure(3, /^persister$/, "messages/s", "One persister, messages written"),
    passed: figure(
      7,
      /^broadcaster$/,
      "events/s",
      "One broadcaster, events sent to a local Pusher",
    ),
  };
}

/** The number that `pattern` captures in the first matching text. */
function numberIn(texts, pattern, row) {
  const found = texts.map((text) => pattern.exec(text)).find(Boolean);
  if (!found) throw new Error(`docs/performance.json: row ${row} has no ${pattern}`);
  return Number(found[1]);
}
