const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** The source of jitter: a number from 0 up to, not including, 1. */
export type Random = () => number;

/**
 * The wait after `failures` failures in a row (1 or more), in milliseconds. It doubles up to half a
 * minute, half of it is random, and it is never shorter than `retryAfterMs`.
 */
export function backoff(
  failures: number,
  random: Random,
  retryAfterMs: number | null = null,
): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  const own = ceiling / 2 + (random() * ceiling) / 2;
  // Every client received the same Retry-After: jitter spreads their calls.
  return retryAfterMs === null ? own : Math.max(own, retryAfterMs * (1 + random() / 4));
}
