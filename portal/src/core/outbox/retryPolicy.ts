import { type Failure, isTransient, retryAfter } from "../api/failure.js";
import { backoff, type Random } from "../backoff.js";

/** How long the outbox waits, and the failure that is the reason. */
export interface Wait {
  /** In milliseconds since 1970; infinite when only another token ends the wait. */
  readonly until: number;
  readonly failure: Failure;
}

/** Decides when the outbox tries again after failures in a row. */
export class RetryPolicy {
  readonly #random: Random;
  #failures = 0;
  /** `Retry-After` as a time, in milliseconds since 1970. */
  #notBefore = 0;
  #wait: Wait | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  get wait(): Wait | null {
    return this.#wait;
  }

  /** The rest of the wait, in milliseconds. */
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
    const ms = isTransient(failure)
      ? backoff(this.#failures, this.#random, asked)
      : Number.POSITIVE_INFINITY;
    this.#notBefore = asked === null ? 0 : Date.now() + asked;
    this.#wait = { until: Date.now() + ms, failure };
  }

  /** Shortens the wait to what `Retry-After` demands. */
  retryNow(): void {
    const mustWait = this.#notBefore > Date.now();
    this.#wait = this.#wait && mustWait ? { ...this.#wait, until: this.#notBefore } : null;
  }
}
