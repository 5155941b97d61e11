const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * A time such as `acceptedAt`, in microseconds since 1970; `NaN` for what is no time. JavaScript's own
 * dates stop at milliseconds, in which several messages may be accepted.
 */
export function micros(time: string): number {
  const [, seconds, fraction = "", zone] = RFC3339.exec(time) ?? [];
  return Date.parse(`${seconds}${zone}`) * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/** What messages sort by. */
export interface SortKey {
  /** When it was accepted, in microseconds since 1970. */
  readonly at: number;
  readonly messageId: string;
}

/** Negative when `a` comes before `b`: by time, and by id where the times are the same. */
export function compare(a: SortKey, b: SortKey): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.messageId === b.messageId) return 0;
  return a.messageId < b.messageId ? -1 : 1;
}

/** The index in the sorted `entries` at which `place` is or would be. */
export function position(entries: readonly SortKey[], place: SortKey): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && compare(entry, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
