import type { Api, HistoryPage } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";

/** What is older than what is loaded. */
export type Older = "none" | "more" | "loading" | "failing";

/** Who takes the pages. */
export interface HistorySink {
  /** The newest page; `anew` when it takes the place of all that was loaded before. */
  newest(page: HistoryPage, anew: boolean): void;
  /** What was missed. */
  missed(page: HistoryPage): void;
  older(page: HistoryPage): void;
  /** History does not go on from where it was: all that was known of it may be undone. */
  setBack(): void;
  changed(): void;
}

/** After so many pages of what was missed, the newest page is loaded anew instead. */
const MAX_MISSED_PAGES = 10;

/** Asks for the pages of a conversation, and knows how far they go. */
export class History {
  readonly #api: Api;
  readonly #playerId: string;
  readonly #sink: HistorySink;
  #lastSeq: number | null = null;
  /** The message whose number that is; null when no page had it. */
  #lastId: string | null = null;
  #cursor: string | null = null;
  #older: Older = "none";
  #loading: Promise<void> | null = null;

  constructor(api: Api, playerId: string, sink: HistorySink) {
    this.#api = api;
    this.#playerId = playerId;
    this.#sink = sink;
  }

  get older(): Older {
    return this.#older;
  }

  /** Up to which `seq` nothing is missing; null before the first answer. */
  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  /** Asks for the newest page, or for what was missed since. */
  async ask(): Promise<Outcome<null>> {
    if (this.#lastSeq === null) return this.#loadNewest(false);
    for (let pages = 0; pages < MAX_MISSED_PAGES; pages += 1) {
      const known: number = this.#lastSeq;
      // From one before, to see whether the last one is still the same.
      const outcome = await this.#api.history(this.#playerId, { after: Math.max(0, known - 1) });
      if (!outcome.ok) return outcome;
      const page = outcome.value;
      if (this.#isSetBack(known, page)) {
        this.#sink.setBack();
        break;
      }
      this.#goOn(page);
      const messages = page.messages.filter(({ seq }) => seq === null || seq > known);
      this.#sink.missed({ ...page, messages });
      if (page.nextCursor === null) return succeeded(null);
    }
    return this.#loadNewest(true);
  }

  /** Loads a page of what is older; the same one for all that ask at once. */
  loadOlder(): Promise<void> {
    this.#loading ??= this.#loadOlder().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadOlder(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null) return;
    this.#older = "loading";
    this.#sink.changed();
    const outcome = await this.#api.history(this.#playerId, { before: cursor });
    // The newest page was loaded anew meanwhile.
    if (this.#cursor !== cursor) return;
    if (outcome.ok) {
      this.#continueFrom(outcome.value.nextCursor);
      this.#sink.older(outcome.value);
    } else {
      this.#older = "failing";
    }
    this.#sink.changed();
  }

  async #loadNewest(anew: boolean): Promise<Outcome<null>> {
    const outcome = await this.#api.history(this.#playerId, {});
    if (!outcome.ok) return outcome;
    this.#lastId = null;
    this.#goOn(outcome.value);
    this.#continueFrom(outcome.value.nextCursor);
    this.#sink.newest(outcome.value, anew);
    return succeeded(null);
  }

  /** Whether the operator had to restore a database that knew less than this one knows. */
  #isSetBack(known: number, { lastSeq, messages }: HistoryPage): boolean {
    const last = messages.find(({ seq }) => seq === known);
    const isAnother =
      last !== undefined && this.#lastId !== null && last.messageId !== this.#lastId;
    return lastSeq < known || isAnother;
  }

  #goOn({ lastSeq, messages }: HistoryPage): void {
    const last = messages.find(({ seq }) => seq === lastSeq);
    const stays = lastSeq === this.#lastSeq;
    this.#lastId = last?.messageId ?? (stays ? this.#lastId : null);
    this.#lastSeq = lastSeq;
  }

  #continueFrom(cursor: string | null): void {
    this.#cursor = cursor;
    this.#older = cursor === null ? "none" : "more";
  }
}
