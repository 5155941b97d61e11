/** What decides how soon the conversation asks the history again. */
export interface PollConditions {
  readonly eventsArrive: boolean;
  readonly visible: boolean;
  /** Answers since the subscription, or since the last digest. */
  readonly answers: number;
  /** The history has, or soon will have, a message, the rest of one, or a confirmation. */
  readonly isIncomplete: boolean;
  /** Answers in a row without anything new. */
  readonly unchanged: number;
}

const POLL_MS = 3_000;
const POLL_LONGEST_MS = 15_000;
const POLL_HIDDEN_MS = 30_000;
/**
 * A message accepted before the subscription may be persisted after it: neither an event nor the
 * first answer has it, so later answers must. The same holds for messages that a digest announced.
 */
const SETTLE_MS = [2_000, 10_000];
const CHECK_MS = 60_000;
const CHECK_HIDDEN_MS = 300_000;

/** The wait before the history is asked again, in milliseconds. */
export function pollIntervalMs(conditions: PollConditions): number {
  const { eventsArrive, visible, answers, isIncomplete, unchanged } = conditions;
  const poll = Math.min(POLL_LONGEST_MS, POLL_MS * 1.5 ** unchanged);
  if (!eventsArrive) return visible ? poll : POLL_HIDDEN_MS;
  if (isIncomplete) return poll;
  return SETTLE_MS[answers - 1] ?? (visible ? CHECK_MS : CHECK_HIDDEN_MS);
}
