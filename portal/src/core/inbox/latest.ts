import type { Api, InboxRow } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import { Poller } from "../poller.js";

/** Who takes the rows. */
export interface LatestSink {
  take(rows: readonly InboxRow[]): void;
  /** Whether something was told of that no row had so far. */
  lacks(): boolean;
  answered(outcome: Outcome<unknown>): void;
}

/** So many pages are asked for at once: 600 conversations, those with the latest messages. */
const PAGES = 3;
/** What was told of may not be persisted yet: so it is asked for again, so many milliseconds later. */
const AGAIN_MS = [2_000, 10_000];
/** And then so often, for as long as it is not there. */
const LATER_MS = 10_000;

/**
 * Asks for the rows of conversations in which something was written that was only told of: about once a
 * second at most, however much that is.
 */
export class Latest {
  readonly #api: Api;
  readonly #sink: LatestSink;
  readonly #poller: Poller;
  #asked = AGAIN_MS.length + 1;

  constructor(api: Api, random: Random, sink: LatestSink) {
    this.#api = api;
    this.#sink = sink;
    const pause = () => AGAIN_MS[this.#asked - 1] ?? LATER_MS;
    this.#poller = new Poller(() => this.#ask(), pause, random);
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }

  /** Something was told of. */
  want(): void {
    this.#asked = 0;
    this.#poller.soon();
  }

  async #ask(): Promise<Outcome<null>> {
    if (this.#asked > AGAIN_MS.length && !this.#sink.lacks()) return succeeded(null);
    this.#asked += 1;
    let cursor: string | null = null;
    for (let page = 0; page < PAGES; page += 1) {
      const outcome = await this.#api.inbox("pending,active", "latest", cursor);
      this.#sink.answered(outcome);
      if (!outcome.ok) return outcome;
      this.#sink.take(outcome.value.rows);
      cursor = outcome.value.nextCursor;
      if (cursor === null || !this.#sink.lacks()) break;
    }
    return succeeded(null);
  }
}
