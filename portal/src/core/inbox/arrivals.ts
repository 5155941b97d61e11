import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { Message } from "../types.js";

/** So many messages are remembered, to count none twice. */
const MAX_REMEMBERED = 5_000;

/** The messages that have arrived at the desk, each once. */
export class Arrivals {
  readonly #remembered = new Set<string>();
  readonly #listeners = new Set<(message: Message) => void>();

  has(messageId: string): boolean {
    return this.#remembered.has(messageId);
  }

  /** Hears of each message of a player, once. */
  listen(listener: (message: Message) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(message: Message): void {
    this.#remembered.add(message.messageId);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    if (message.senderType === "staff") return;
    notifyAll(this.#listeners, message);
  }
}
