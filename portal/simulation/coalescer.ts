import { NEW_PLAYER_MESSAGE, NEW_PLAYER_MESSAGES } from "../src/core/realtime/channels.js";
import type { Message } from "../src/core/types.js";
import { digestOf } from "./wire.js";

/** The limits of the staff channel. */
export interface Bounds {
  /** The number of message events a second. */
  readonly most: number;
  /** The number of players in one digest. */
  readonly listed: number;
}

/** Sends players' messages to staff, as a digest beyond the limits, like a broadcaster. */
export class Coalescer {
  readonly #send: (name: string, data: unknown) => void;
  #ends = 0;
  #sent = 0;
  #gathered: Message[] = [];

  constructor(send: (name: string, data: unknown) => void) {
    this.#send = send;
  }

  /** Sends `event`, or adds `message` to the next digest. */
  add(message: Message, event: unknown, bounds: Bounds | null): void {
    if (bounds !== null && !this.#maySend(bounds.most)) {
      if (this.#gathered.length === 0) {
        setTimeout(() => this.#sendDigest(bounds.listed), this.#ends - Date.now());
      }
      this.#gathered.push(message);
    } else {
      this.#send(NEW_PLAYER_MESSAGE, event);
    }
  }

  #maySend(most: number): boolean {
    if (this.#gathered.length > 0) return false;
    if (Date.now() >= this.#ends) this.#begin(0);
    this.#sent += 1;
    return this.#sent <= most;
  }

  #sendDigest(listed: number): void {
    this.#begin(1);
    this.#send(NEW_PLAYER_MESSAGES, digestOf(this.#gathered, listed));
    this.#gathered = [];
  }

  #begin(sent: number): void {
    this.#ends = Date.now() + 1_000;
    this.#sent = sent;
  }
}
