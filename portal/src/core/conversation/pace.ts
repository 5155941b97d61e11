/** What decides how soon the history is asked again. */
export interface Pace {
  /** Events come. */
  readonly hears: boolean;
  readonly visible: boolean;
  /** How often it was asked since the subscription, or since it was last told of messages together. */
  readonly sinceTold: number;
  /** Something is known to be missing: a message, the rest of a long one, or one's own confirmation. */
  readonly wanting: boolean;
  /** How many answers in a row had nothing new. */
  readonly idle: number;
}

const POLL_MS = 3_000;
const POLL_LONGEST_MS = 15_000;
const POLL_HIDDEN_MS = 30_000;
/**
 * A message that was accepted before the subscription may be persisted after it: neither the event nor
 * the first answer has it. So the history is asked again a little later. The same is true of messages that
 * an event tells of without what they say.
 */
const SETTLE_MS = [2_000, 10_000];
const CHECK_MS = 60_000;
const CHECK_HIDDEN_MS = 300_000;

/** How long to wait before the history is asked again, in milliseconds. */
export function pause({ hears, visible, sinceTold, wanting, idle }: Pace): number {
  const poll = Math.min(POLL_LONGEST_MS, POLL_MS * 1.5 ** idle);
  if (!hears) return visible ? poll : POLL_HIDDEN_MS;
  if (wanting) return poll;
  return SETTLE_MS[sinceTold - 1] ?? (visible ? CHECK_MS : CHECK_HIDDEN_MS);
}
