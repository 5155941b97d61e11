/** What decides how soon the history is asked again. */
export interface Pace {
  /** Events come. */
  readonly hears: boolean;
  readonly visible: boolean;
  /** How often it was asked since the subscription. */
  readonly sinceSubscribed: number;
  /** Something is known to be missing: the rest of a long message, or one's own confirmation. */
  readonly wanting: boolean;
  /** How many answers in a row had nothing new. */
  readonly idle: number;
}

const POLL_MS = 3_000;
const POLL_LONGEST_MS = 15_000;
const POLL_HIDDEN_MS = 30_000;
/**
 * A message that was accepted before the subscription may be persisted after it: neither the event nor
 * the first answer has it. So the history is asked again a little later.
 */
const SETTLE_MS = [2_000, 10_000];
const CHECK_MS = 60_000;
const CHECK_HIDDEN_MS = 300_000;

/** How long to wait before the history is asked again, in milliseconds. */
export function pause({ hears, visible, sinceSubscribed, wanting, idle }: Pace): number {
  const poll = Math.min(POLL_LONGEST_MS, POLL_MS * 1.5 ** idle);
  if (!hears) return visible ? poll : POLL_HIDDEN_MS;
  if (wanting) return poll;
  return SETTLE_MS[sinceSubscribed - 1] ?? (visible ? CHECK_MS : CHECK_HIDDEN_MS);
}
