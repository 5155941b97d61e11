import { type Failure, failed, isTransient, type Outcome, retryAfter } from "./api/failure.js";
import { backoff, type Random } from "./backoff.js";
import { report } from "./listeners.js";

/** The mean wait of `soon`, in milliseconds; the real one is from half to one and a half of it. */
const SOON_MS = 1_000;

/**
 * Repeats a call: on request, and by itself after the interval that `pause` returns. One call at a
 * time; after failures it waits longer.
 */
export class Poller {
  readonly #ask: () => Promise<Outcome<unknown>>;
  readonly #pause: () => number;
  readonly #random: Random;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  /** When to call again after the call in progress, in milliseconds since 1970. */
  #again = Number.POSITIVE_INFINITY;
  #stopped = true;
  #failures = 0;
  #notBefore = 0;
  #due = 0;

  /** `pause` returns the wait after an answer, in milliseconds. */
  constructor(ask: () => Promise<Outcome<unknown>>, pause: () => number, random: Random) {
    this.#ask = ask;
    this.#pause = pause;
    this.#random = random;
  }

  start(): void {
    this.#stopped = false;
    this.nudge();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Calls now, or when `Retry-After` allows; once more if a call is in progress. */
  nudge(): void {
    if (this.#stopped) return;
    if (this.#asking) this.#again = 0;
    else this.#schedule(Math.max(0, this.#notBefore - Date.now()));
  }

  /**
   * Calls in about a second, at a random time: all desks receive the same event at once. A
   * repeated request within that time changes nothing.
   */
  soon(inMs = SOON_MS): void {
    if (this.#stopped) return;
    const ms = inMs * (0.5 + this.#random());
    const at = Math.max(Date.now() + ms, this.#notBefore);
    if (this.#asking) this.#again = Math.min(this.#again, at);
    else if (at < this.#due) this.#schedule(at - Date.now());
  }

  /** Restarts the current wait with what `pause` returns now. */
  reconsider(): void {
    if (!this.#stopped && !this.#asking && this.#failures === 0) this.#schedule(this.#pause());
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#due = Date.now() + ms;
    this.#timer = setTimeout(() => void this.#run(), ms);
  }

  async #run(): Promise<void> {
    this.#asking = true;
    this.#again = Number.POSITIVE_INFINITY;
    const outcome = await this.#outcome();
    this.#asking = false;
    if (this.#stopped) return;
    if (outcome.ok) {
      this.#failures = 0;
      this.#notBefore = 0;
      this.#schedule(Math.min(Math.max(0, this.#again - Date.now()), this.#pause()));
    } else {
      this.#failures += 1;
      this.#schedule(this.#afterFailure(outcome.failure));
    }
  }

  /** The outcome of a call; an error counts as a failure, so that the calls go on. */
  async #outcome(): Promise<Outcome<unknown>> {
    try {
      return await this.#ask();
    } catch (error) {
      report(error);
      return failed({ kind: "unreachable" });
    }
  }

  #afterFailure(failure: Failure): number {
    const asked = retryAfter(failure);
    this.#notBefore = asked === null ? 0 : Date.now() + asked;
    // A permanent failure is retried with the longest wait: an operator may mend it.
    return isTransient(failure)
      ? backoff(this.#failures, this.#random, asked)
      : backoff(9, this.#random);
  }
}
