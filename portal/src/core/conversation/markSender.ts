import type { Api, MarkRequest } from "../api/api.js";
import { type Failure, isTransient, retryAfter } from "../api/failure.js";
import { backoff, type Random } from "../backoff.js";
import type { ReadMarksSetting } from "../config.js";
import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";

/** The shortest time between two marks; the gateway takes 30 a minute. In milliseconds. */
const MARK_EVERY_MS = 2_000;
/** How many conversations can have a mark that waits; beyond it the oldest one is dropped. */
const MAX_WAITING = 100;

/** An accepted mark. */
export interface AcceptedMark {
  readonly playerId: string;
  readonly request: MarkRequest;
}

/**
 * Sends the user's read marks to the gateway: one at a time, at most every two seconds, and of each
 * conversation only the last. A gateway that keeps none, or refuses one, gets no more of them.
 */
export class MarkSender extends Observable {
  readonly #api: Api;
  readonly #random: Random;
  /** The marks that wait, by their conversations. */
  readonly #waiting = new Map<string, MarkRequest>();
  /** How many calls are in progress for each conversation. */
  readonly #calls = new Map<string, number>();
  readonly #accepted = new Set<(mark: AcceptedMark) => void>();
  #setting: ReadMarksSetting | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSending = false;
  #failures = 0;
  /** When the next mark may be sent, in milliseconds since 1970. */
  #notBefore = 0;
  /** Until when the gateway asked for no further call, in milliseconds since 1970. */
  #refusedUntil = 0;

  constructor(api: Api, random: Random) {
    super();
    this.#api = api;
    this.#random = random;
  }

  /** Who learns of marks; `off` until the configuration is loaded. */
  get setting(): ReadMarksSetting {
    return this.#setting ?? "off";
  }

  /** Begins to send, or drops what waits, as the gateway's configuration says. */
  configure(setting: ReadMarksSetting): void {
    this.#setting = setting;
    if (setting === "off") this.#waiting.clear();
    this.#schedule();
    this.changed();
  }

  /** Sends the mark in place of one of the same conversation that waits. */
  send(playerId: string, request: MarkRequest): void {
    if (this.#setting === "off") return;
    this.#waiting.delete(playerId);
    this.#waiting.set(playerId, request);
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= MAX_WAITING) break;
      this.#waiting.delete(oldest);
    }
    this.#schedule();
  }

  /** Whether a mark of the conversation has not been accepted yet. */
  isPending(playerId: string): boolean {
    return this.#waiting.has(playerId) || this.#calls.has(playerId);
  }

  /** Calls `listener` with each mark that the gateway accepted. */
  onAccepted(listener: (mark: AcceptedMark) => void): Unsubscribe {
    this.#accepted.add(listener);
    return () => this.#accepted.delete(listener);
  }

  /** Retries now, unless the gateway asked for no call yet: there is a new token, or a network. */
  tryNow(): void {
    if (this.#failures === 0) return;
    this.#notBefore = this.#refusedUntil;
    this.#schedule();
  }

  /** Sends what waits at once, since the user leaves the page. */
  flush(): void {
    if (this.#setting === null || Date.now() < this.#refusedUntil) return;
    for (const [playerId, request] of [...this.#waiting]) {
      this.#waiting.delete(playerId);
      void this.#call(playerId, request);
    }
  }

  close(): void {
    this.flush();
    this.#setting = "off";
    this.#waiting.clear();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#setting === null || this.#isSending || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => void this.#sendNext(), this.#notBefore - Date.now());
  }

  async #sendNext(): Promise<void> {
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [playerId, request] = next;
    this.#waiting.delete(playerId);
    this.#isSending = true;
    this.#notBefore = Date.now() + MARK_EVERY_MS;
    await this.#call(playerId, request);
    this.#isSending = false;
    this.#schedule();
  }

  async #call(playerId: string, request: MarkRequest): Promise<void> {
    this.#calls.set(playerId, (this.#calls.get(playerId) ?? 0) + 1);
    const outcome = await this.#api.mark(playerId, request);
    const others = (this.#calls.get(playerId) ?? 1) - 1;
    if (others > 0) this.#calls.set(playerId, others);
    else this.#calls.delete(playerId);
    if (outcome.ok) {
      this.#failures = 0;
      notifyAll(this.#accepted, { playerId, request });
    } else if (outcome.failure.kind === "refused") {
      this.configure("off");
    } else {
      this.#waitAfter(outcome.failure);
      // A later mark of the conversation replaces the one that failed.
      if (this.#setting !== "off" && !this.#waiting.has(playerId))
        this.#waiting.set(playerId, request);
      this.#schedule();
    }
  }

  #waitAfter(failure: Failure): void {
    this.#failures += 1;
    const asked = retryAfter(failure);
    this.#refusedUntil = asked === null ? 0 : Date.now() + asked;
    // Without a token that the gateway accepts, each mark would be refused like this one.
    const failures = isTransient(failure) ? this.#failures : Number.POSITIVE_INFINITY;
    const wait = backoff(failures, this.#random, asked);
    this.#notBefore = Math.max(this.#notBefore, Date.now() + wait);
  }
}
