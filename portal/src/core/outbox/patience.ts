import { type Failure, passes, retryAfter } from "../api/failure.js";
import { backoff, type Random } from "../backoff.js";

/** How long the outbox waits, and why. */
export interface Wait {
  /** In milliseconds since 1970; for ever, when nothing goes out before there is another token. */
  readonly until: number;
  readonly failure: Failure;
}

/** Decides when it is tried again, after failures in a row. */
export class Patience {
  readonly #random: Random;
  #failures = 0;
  /** Before this the server does not want to be asked, in milliseconds since 1970. */
  #notBefore = 0;
  #wait: Wait | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** What is being waited for; null when nothing is. */
  get wait(): Wait | null {
    return this.#wait;
  }

  /** How many milliseconds there are still to wait. */
  get left(): number {
    return Math.max(0, (this.#wait?.until ?? 0) - Date.now());
  }

  succeeded(): void {
    this.#failures = 0;
    this.#notBefore = 0;
    this.#wait = null;
  }

  failed(failure: Failure): void {
    this.#failures += 1;
    const asked = retryAfter(failure);
    const ms = passes(failure)
      ? backoff(this.#failures, this.#random, asked)
      : Number.POSITIVE_INFINITY;
    this.#notBefore = asked === null ? 0 : Date.now() + asked;
    this.#wait = { until: Date.now() + ms, failure };
  }

  /** Waits no longer than the server asked for. */
  hurry(): void {
    const mustWait = this.#notBefore > Date.now();
    this.#wait = this.#wait && mustWait ? { ...this.#wait, until: this.#notBefore } : null;
  }
}
