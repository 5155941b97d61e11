import type { Api, HistoryPage } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";

/** Whether older messages exist, and whether they are being loaded. */
export type Older = "none" | "more" | "loading" | "failing";

/** Receives the pages. */
export interface HistorySink {
  /** The newest page; `replaces` when it replaces all loaded messages. */
  newest(page: HistoryPage, replaces: boolean): void;
  /** A page of missed messages. */
  missed(page: HistoryPage): void;
  older(page: HistoryPage): void;
  /** The database was restored: known messages may no longer exist. */
  setBack(): void;
  changed(): void;
}

/** After this many pages of missed messages, the newest page replaces them all. */
const MAX_MISSED_PAGES = 10;

/** Loads the pages of a conversation and tracks which are loaded. */
export class History {
  readonly #api: Api;
  readonly #playerId: string;
  readonly #sink: HistorySink;
  #lastSeq: number | null = null;
  /** The message with that number; null when no page had it. */
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

  /** The `seq` up to which no message is missing; null before the first answer. */
  get lastSeq(): number | null {
    return this.#lastSeq;
  }

  /** Loads the newest page or, after it, the missed messages. */
  async ask(): Promise<Outcome<null>> {
    if (this.#lastSeq === null) return this.#loadNewest(false);
    for (let pages = 0; pages < MAX_MISSED_PAGES; pages += 1) {
      const known: number = this.#lastSeq;
      // From one before the last known message, to check that it is still the same one.
      const outcome = await this.#api.history(this.#playerId, { after: Math.max(0, known - 1) });
      if (!outcome.ok) return outcome;
      const page = outcome.value;
      if (this.#isSetBack(known, page)) {
        this.#sink.setBack();
        break;
      }
      this.#advance(page);
      const messages = page.messages.filter(({ seq }) => seq === null || seq > known);
      this.#sink.missed({ ...page, messages });
      if (page.nextCursor === null) return succeeded(null);
    }
    return this.#loadNewest(true);
  }

  /** Loads a page of older messages; concurrent calls share it. */
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
    // The newest page has replaced everything meanwhile.
    if (this.#cursor !== cursor) return;
    if (outcome.ok) {
      this.#continueFrom(outcome.value.nextCursor);
      this.#sink.older(outcome.value);
    } else {
      this.#older = "failing";
    }
    this.#sink.changed();
  }

  async #loadNewest(replaces: boolean): Promise<Outcome<null>> {
    const outcome = await this.#api.history(this.#playerId, {});
    if (!outcome.ok) return outcome;
    this.#lastId = null;
    this.#advance(outcome.value);
    this.#continueFrom(outcome.value.nextCursor);
    this.#sink.newest(outcome.value, replaces);
    return succeeded(null);
  }

  /** Whether the database was restored to a state before the known messages. */
  #isSetBack(known: number, { lastSeq, messages }: HistoryPage): boolean {
    const last = messages.find(({ seq }) => seq === known);
    const isAnother =
      last !== undefined && this.#lastId !== null && last.messageId !== this.#lastId;
    return lastSeq < known || isAnother;
  }

  #advance({ lastSeq, messages }: HistoryPage): void {
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
