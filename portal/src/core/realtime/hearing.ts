import type { Message } from "../types.js";

/** How long an event may take, in milliseconds, before it is missed. */
const EVENT_DUE_MS = 5_000;
/** A message that was accepted just before the subscription has no event here, and none is missed. */
const SETTLED_AFTER_MS = 15_000;
/** For so long after a new subscription no event may be missed, and the doubt ends; in milliseconds. */
const PROBATION_MS = 30_000;

/**
 * Whether events really come. A subscription says that they can; a message that is there while its event
 * is not says that they do not. An event that comes says that they do again, and so does a new
 * subscription under which none is missed.
 */
export class Hearing {
  readonly #changed: () => void;
  readonly #due = new Map<string, ReturnType<typeof setTimeout>>();
  #subscribedAt: number | null = null;
  #deaf = false;
  /** Runs while a subscription that was made in doubt is being watched. */
  #probation: ReturnType<typeof setTimeout> | undefined;
  /** Until when players' messages may have been told of together, in microseconds since 1970. */
  #until = 0;

  /** `changed` is called when `works` may have another value. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get subscribed(): boolean {
    return this.#subscribedAt !== null;
  }

  /** A subscription that brings nothing, though there is something. */
  get deaf(): boolean {
    return this.#deaf;
  }

  get works(): boolean {
    return this.subscribed && !this.#deaf;
  }

  subscription(now: boolean): void {
    if (now === this.subscribed) return;
    this.#subscribedAt = now ? Date.now() : null;
    // What was due was due by the subscription before.
    this.stopWaiting();
    if (now && this.#deaf) this.#watch();
    this.#changed();
  }

  /** A message of one's own was accepted: its event is due. */
  expect(messageId: string): void {
    if (this.subscribed) this.#await(messageId);
  }

  /** The history has a message of which no event came so far. */
  foundInHistory({ messageId, senderType, at }: Message): void {
    if (this.#subscribedAt === null || (senderType === "player" && at <= this.#until)) return;
    if (Date.now() - this.#subscribedAt > SETTLED_AFTER_MS) this.#await(messageId);
  }

  /** An event came. */
  heard(messageId: string): void {
    clearTimeout(this.#due.get(messageId));
    this.#due.delete(messageId);
    this.#hears();
  }

  /** An event came that may tell of any player's message up to `at`: none of them is missed any more. */
  heardUntil(at: number): void {
    this.#until = Math.max(this.#until, at);
    this.stopWaiting();
    this.#hears();
  }

  stopWaiting(): void {
    for (const timer of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
    clearTimeout(this.#probation);
    this.#probation = undefined;
  }

  #hears(): void {
    if (!this.#deaf) return;
    this.#deaf = false;
    this.stopWaiting();
    this.#changed();
  }

  #watch(): void {
    clearTimeout(this.#probation);
    this.#probation = setTimeout(() => this.#hears(), PROBATION_MS);
  }

  #await(messageId: string): void {
    if (this.#due.has(messageId)) return;
    const timer = setTimeout(() => {
      this.#due.delete(messageId);
      if (!this.subscribed) return;
      if (this.#probation !== undefined) this.#watch();
      if (this.#deaf) return;
      this.#deaf = true;
      this.#changed();
    }, EVENT_DUE_MS);
    this.#due.set(messageId, timer);
  }
}
