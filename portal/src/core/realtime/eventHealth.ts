import type { Message } from "../types.js";

/** An event that takes longer than this counts as missing, in milliseconds. */
const EVENT_DUE_MS = 5_000;
/** A message accepted this short before the subscription has no event here, in milliseconds. */
const SETTLED_AFTER_MS = 15_000;
/** A new subscription that misses no event for this long is healthy again, in milliseconds. */
const PROBATION_MS = 30_000;
/** How many ids of received messages are remembered. */
const MAX_REMEMBERED = 1_000;

/**
 * Detects a stalled subscription: a stored message whose event never arrived. An event that
 * arrives ends the stall, and so does a new subscription that misses none.
 */
export class EventHealth {
  readonly #changed: () => void;
  /** A timer for each message whose event is expected. */
  readonly #expected = new Map<string, ReturnType<typeof setTimeout>>();
  #subscribedAt: number | null = null;
  /** Ids of messages whose event has arrived, the oldest first. */
  readonly #received = new Set<string>();
  #stalled = false;
  /** Runs while a subscription made during a stall is on probation. */
  #probation: ReturnType<typeof setTimeout> | undefined;
  /** Digests cover players' messages up to this time, in microseconds since 1970. */
  #coveredUpTo = 0;

  /** `changed` is called when `isHealthy` may have another value. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get subscribed(): boolean {
    return this.#subscribedAt !== null;
  }

  /** Whether an expected event has not arrived. */
  get stalled(): boolean {
    return this.#stalled;
  }

  get isHealthy(): boolean {
    return this.subscribed && !this.#stalled;
  }

  setSubscribed(now: boolean): void {
    if (now === this.subscribed) return;
    this.#subscribedAt = now ? Date.now() : null;
    // The previous subscription would have brought the expected events.
    this.clearExpected();
    if (now && this.#stalled) this.#startProbation();
    this.#changed();
  }

  /** The gateway accepted one of the user's own messages: its event is due. */
  expect(messageId: string): void {
    if (this.subscribed) this.#startTimer(messageId);
  }

  /** The history has a message for which no event has arrived so far. */
  foundInHistory({ messageId, senderType, at }: Message): void {
    if (this.#subscribedAt === null || (senderType === "player" && at <= this.#coveredUpTo)) return;
    if (Date.now() - this.#subscribedAt > SETTLED_AFTER_MS) this.#startTimer(messageId);
  }

  /** Another channel has brought a message whose event is due on this one, unless it was first. */
  foundOnOtherChannel(message: Message): void {
    if (!this.#received.has(message.messageId)) this.foundInHistory(message);
  }

  /** The event of a message arrived. */
  received(messageId: string): void {
    this.#received.add(messageId);
    for (const oldest of this.#received) {
      if (this.#received.size <= MAX_REMEMBERED) break;
      this.#received.delete(oldest);
    }
    clearTimeout(this.#expected.get(messageId));
    this.#expected.delete(messageId);
    this.#recover();
  }

  /** A digest arrived that may cover every player's message accepted up to `at`. */
  receivedUpTo(at: number): void {
    this.#coveredUpTo = Math.max(this.#coveredUpTo, at);
    this.clearExpected();
    this.#recover();
  }

  clearExpected(): void {
    for (const timer of this.#expected.values()) clearTimeout(timer);
    this.#expected.clear();
    clearTimeout(this.#probation);
    this.#probation = undefined;
  }

  #recover(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.clearExpected();
    this.#changed();
  }

  #startProbation(): void {
    clearTimeout(this.#probation);
    this.#probation = setTimeout(() => this.#recover(), PROBATION_MS);
  }

  #startTimer(messageId: string): void {
    if (this.#expected.has(messageId)) return;
    const timer = setTimeout(() => {
      this.#expected.delete(messageId);
      if (!this.subscribed) return;
      if (this.#probation !== undefined) this.#startProbation();
      if (this.#stalled) return;
      this.#stalled = true;
      this.#changed();
    }, EVENT_DUE_MS);
    this.#expected.set(messageId, timer);
  }
}
