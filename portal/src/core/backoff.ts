const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Where jitter comes from: a number from 0 up to 1. */
export type Random = () => number;

/**
 * How long to wait after `failures` failures in a row (1 or more), in milliseconds: it doubles up to
 * half a minute, half of it by chance, and is never less than what the server asked for.
 */
export function backoff(
  failures: number,
  random: Random,
  retryAfterMs: number | null = null,
): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  const own = ceiling / 2 + (random() * ceiling) / 2;
  // Everybody was told the same: some come a little later, so that not all come at once.
  return retryAfterMs === null ? own : Math.max(own, retryAfterMs * (1 + random() / 4));
}
