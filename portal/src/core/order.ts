const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * Parses a time such as `acceptedAt` into microseconds since 1970; `NaN` when it is invalid. A
 * JavaScript `Date` has milliseconds, within which several messages may be accepted.
 */
export function micros(time: string): number {
  const [, seconds, fraction = "", zone] = RFC3339.exec(time) ?? [];
  return Date.parse(`${seconds}${zone}`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/** The key that messages sort by. */
export interface SortKey {
  /** When the message was accepted, in microseconds since 1970. */
  readonly at: number;
  readonly messageId: string;
}

/** Negative when `a` sorts before `b`: by time, then by id. */
export function compare(a: SortKey, b: SortKey): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.messageId === b.messageId) return 0;
  return a.messageId < b.messageId ? -1 : 1;
}

/** The index in the sorted `entries` at which `key` is or would be inserted. */
export function position(entries: readonly SortKey[], key: SortKey): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && compare(entry, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
