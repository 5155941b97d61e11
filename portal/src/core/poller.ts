import { type Failure, failed, isTransient, type Outcome, retryAfter } from "./api/failure.js";
import { backoff, type Random } from "./backoff.js";
import { report } from "./listeners.js";

/** About how long `soon` takes, in milliseconds: from half of it to half as much again. */
const SOON_MS = 1_000;

/**
 * Asks again and again: when it is told to, and by itself after as long as `pause` says. One question
 * at a time; failures make it wait longer.
 */
export class Poller {
  readonly #ask: () => Promise<Outcome<unknown>>;
  readonly #pause: () => number;
  readonly #random: Random;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  /** When to ask once more, should it be told to while it is being asked. */
  #again = Number.POSITIVE_INFINITY;
  #stopped = true;
  #failures = 0;
  #notBefore = 0;
  #due = 0;

  /** `pause` is how long to wait after an answer, in milliseconds. */
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

  /** Asks now, or as soon as the server wants to be asked; and once more if it is being asked. */
  nudge(): void {
    if (this.#stopped) return;
    if (this.#asking) this.#again = 0;
    else this.#schedule(Math.max(0, this.#notBefore - Date.now()));
  }

  /**
   * Asks in a second or so, by chance: all desks receive the same event at the same moment. Being told
   * again meanwhile changes nothing.
   */
  soon(inMs = SOON_MS): void {
    if (this.#stopped) return;
    const ms = inMs * (0.5 + this.#random());
    const at = Math.max(Date.now() + ms, this.#notBefore);
    if (this.#asking) this.#again = Math.min(this.#again, at);
    else if (at < this.#due) this.#schedule(at - Date.now());
  }

  /** Makes the pause that it is in as long as `pause` says now. */
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

  /** Whatever goes wrong in asking, it is asked again. */
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
    // What does not pass by itself is tried now and then all the same: somebody may mend it.
    return isTransient(failure)
      ? backoff(this.#failures, this.#random, asked)
      : backoff(9, this.#random);
  }
}
