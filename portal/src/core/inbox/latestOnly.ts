import type { Api, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import { Poller } from "../poller.js";

/** Receives the rows. */
export interface LatestOnlySink {
  take(rows: readonly InboxRow[]): void;
  /** Whether a digest announced a message that no row has yet. */
  isIncomplete(): boolean;
  answered(outcome: Outcome<unknown>): void;
}

/** Pages per round: the 600 conversations with the latest messages. */
const PAGES = 3;
/** An announced message may not be persisted yet: waits before the next rounds, in milliseconds. */
const AGAIN_MS = [2_000, 10_000];
/** The wait before each further round while a message is still missing, in milliseconds. */
const LATER_MS = 10_000;

/**
 * Loads only the inbox rows with the latest messages, after a digest announced messages without
 * their content. However many digests arrive, it asks about once a second at most.
 */
export class LatestOnly {
  readonly #api: Api;
  readonly #sink: LatestOnlySink;
  readonly #poller: Poller;
  /** Rounds since the last request. */
  #rounds = AGAIN_MS.length + 1;

  constructor(api: Api, random: Random, sink: LatestOnlySink) {
    this.#api = api;
    this.#sink = sink;
    const pause = () => AGAIN_MS[this.#rounds - 1] ?? LATER_MS;
    this.#poller = new Poller(() => this.#ask(), pause, random);
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }

  /** Asks for the rows in a second or so. */
  request(): void {
    this.#rounds = 0;
    this.#poller.soon();
  }

  async #ask(): Promise<Outcome<null>> {
    if (this.#rounds > AGAIN_MS.length && !this.#sink.isIncomplete()) return succeeded(null);
    this.#rounds += 1;
    let cursor: string | null = null;
    for (let page = 0; page < PAGES; page += 1) {
      const outcome = await this.#api.inbox({ status: "pending,active", order: "latest" }, cursor);
      this.#sink.answered(outcome);
      if (!outcome.ok) return outcome;
      this.#sink.take(outcome.value.rows);
      cursor = outcome.value.nextCursor;
      if (cursor === null || !this.#sink.isIncomplete()) break;
    }
    return succeeded(null);
  }
}
