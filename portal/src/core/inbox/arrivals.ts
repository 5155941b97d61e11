import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { Message } from "../types.js";

/** How many message ids are remembered, so that none counts twice. */
const MAX_REMEMBERED = 5_000;

/** Notifies about each message that arrives at the desk, once. */
export class Arrivals {
  readonly #remembered = new Set<string>();
  readonly #listeners = new Set<(message: Message) => void>();

  has(messageId: string): boolean {
    return this.#remembered.has(messageId);
  }

  /** Calls `listener` once for each player's message that is news. */
  listen(listener: (message: Message) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** `isNews`: whether the listeners are notified of it, if a player has sent it. */
  add(message: Message, isNews: boolean): void {
    this.#remembered.add(message.messageId);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    if (message.senderType === "staff" || !isNews) return;
    notifyAll(this.#listeners, message);
  }
}
