import { NEW_PLAYER_MESSAGE, NEW_PLAYER_MESSAGES } from "../src/core/realtime/channels.js";
import type { Message } from "../src/core/types.js";
import { digestOf } from "./wire.js";

/** What staff may be told. */
export interface Bounds {
  /** How many events in a second. */
  readonly most: number;
  /** For how many players there is room in one event. */
  readonly listed: number;
}

/** Tells staff of players' messages, together beyond its bounds, as a broadcaster does. */
export class Coalescer {
  readonly #tell: (name: string, data: unknown) => void;
  #ends = 0;
  #told = 0;
  #gathered: Message[] = [];

  constructor(tell: (name: string, data: unknown) => void) {
    this.#tell = tell;
  }

  /** Tells of `message` by `event`, or later together with others. */
  take(message: Message, event: unknown, bounds: Bounds | null): void {
    if (bounds !== null && !this.#mayTell(bounds.most)) {
      if (this.#gathered.length === 0) {
        setTimeout(() => this.#tellTogether(bounds.listed), this.#ends - Date.now());
      }
      this.#gathered.push(message);
    } else {
      this.#tell(NEW_PLAYER_MESSAGE, event);
    }
  }

  #mayTell(most: number): boolean {
    if (this.#gathered.length > 0) return false;
    if (Date.now() >= this.#ends) this.#begin(0);
    this.#told += 1;
    return this.#told <= most;
  }

  #tellTogether(listed: number): void {
    this.#begin(1);
    this.#tell(NEW_PLAYER_MESSAGES, digestOf(this.#gathered, listed));
    this.#gathered = [];
  }

  #begin(told: number): void {
    this.#ends = Date.now() + 1_000;
    this.#told = told;
  }
}
