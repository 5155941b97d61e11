import type { Api, NotePage } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import { pollIntervalMs } from "../conversation/pollInterval.js";
import type { Delivery } from "../conversation/timeline.js";
import type { Environment } from "../environment.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { compare } from "../order.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Outbox } from "../outbox/outbox.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { Digest, Note } from "../types.js";
import { entryOfItem, isPlaced, keyOf, merged, type NoteEntry } from "./noteEntry.js";

/** The dependencies of `Notes`. */
export interface NotesParts {
  readonly api: Api;
  readonly feed: Feed;
  /** Sends notes, and nothing else. */
  readonly outbox: Outbox;
  readonly environment: Environment;
  readonly random: Random;
}

/**
 * The notes of one conversation, the oldest first; those that are not accepted yet come last. Pages,
 * events and the outbox are merged by the note's id. Older pages are loaded as far as the messages
 * on the screen go.
 */
export class Notes extends Observable {
  readonly playerId: string;
  readonly #parts: NotesParts;
  readonly #poller: Poller;
  readonly #entries = new Map<string, NoteEntry>();
  readonly #endings: Unsubscribe[] = [];
  #sorted: readonly NoteEntry[] | null = null;
  /** The cursor of the page before the loaded ones; null when there is none. */
  #cursor: string | null = null;
  #isLoaded = false;
  #isLoadingOlder = false;
  /** When the oldest message on the screen was accepted; 0 when no older one exists. */
  #oldest = Number.POSITIVE_INFINITY;
  #answers = 0;
  #unchanged = 0;

  constructor(playerId: string, parts: NotesParts) {
    super();
    this.playerId = playerId;
    this.#parts = parts;
    const interval = () =>
      pollIntervalMs({
        eventsArrive: parts.feed.eventHealth.isHealthy,
        visible: parts.environment.visible,
        answers: this.#answers,
        isIncomplete: this.#isIncomplete,
        unchanged: this.#unchanged,
      });
    this.#poller = new Poller(() => this.#ask(), interval, parts.random);
  }

  /** The notes in order, from the oldest message on the screen on. */
  get entries(): readonly NoteEntry[] {
    this.#sorted ??= this.#sort();
    return this.#sorted;
  }

  /** Whether the newest page was loaded once. */
  get loaded(): boolean {
    return this.#isLoaded;
  }

  open(): void {
    const { feed, outbox, environment } = this.#parts;
    const { playerId } = this;
    this.#endings.push(
      feed.listen({
        note: (note) => note.playerId === playerId && this.#receive(note),
        digest: (digest) => this.#receiveDigest(digest),
      }),
      feed.subscribe(() => this.#refresh()),
      environment.subscribe(() => this.#refresh()),
      outbox.watch(playerId, (...change) => this.#applyOutbox(...change)),
    );
    this.#poller.start();
  }

  /** Stops asking the gateway until `resume`; events still arrive. */
  pause(): void {
    this.#poller.stop();
  }

  resume(): void {
    this.#unchanged = 0;
    this.#poller.start();
  }

  close(): void {
    this.#poller.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Sends a note; it is among the entries when this returns. */
  add(content: string): void {
    this.#parts.outbox.add(this.playerId, content);
  }

  retry(noteId: string): void {
    this.#parts.outbox.retry(noteId);
  }

  discard(noteId: string): void {
    this.#parts.outbox.discard(noteId);
  }

  /**
   * Shows the notes since `oldest`, when the oldest message on the screen was accepted, in
   * microseconds since 1970; 0 for all of them.
   */
  showSince(oldest: number): void {
    if (oldest === this.#oldest) return;
    this.#oldest = oldest;
    this.#update();
    void this.#loadOlder();
  }

  get #isIncomplete(): boolean {
    for (const { truncated, delivery } of this.#entries.values())
      if (truncated || delivery?.state === "accepted") return true;
    return false;
  }

  #refresh(): void {
    this.#answers = 0;
    this.#unchanged = 0;
    this.#poller.nudge();
  }

  async #ask(): Promise<Outcome<unknown>> {
    const outcome = await this.#parts.api.notes(this.playerId, null);
    if (!outcome.ok) return outcome;
    const before = this.#entries.size;
    this.#takeNewest(outcome.value);
    this.#answers += 1;
    this.#unchanged = this.#entries.size === before ? this.#unchanged + 1 : 0;
    void this.#loadOlder();
    return succeeded(null);
  }

  /**
   * The newest page decides on its stretch of time: what it lacks no longer exists, unless only an
   * event or the outbox has brought it. A page that does not reach the known ones replaces them.
   */
  #takeNewest({ notes, nextCursor }: NotePage): void {
    const listed = new Set(notes.map(({ noteId }) => noteId));
    const stored = [...this.#entries.values()].filter(({ source }) => source === "history");
    const continues = stored.some(({ noteId }) => listed.has(noteId));
    const from = nextCursor === null || !continues ? 0 : (notes[0]?.at ?? 0);
    for (const { noteId, at } of stored)
      if (at >= from && !listed.has(noteId)) this.#entries.delete(noteId);
    if (!this.#isLoaded || !continues || nextCursor === null) this.#cursor = nextCursor;
    this.#isLoaded = true;
    this.#takePage(notes);
  }

  /** Loads older pages until they reach the oldest message on the screen. */
  async #loadOlder(): Promise<void> {
    if (this.#isLoadingOlder) return;
    this.#isLoadingOlder = true;
    try {
      while (this.#cursor !== null && this.#oldest < this.#oldestStored()) {
        const cursor = this.#cursor;
        const outcome = await this.#parts.api.notes(this.playerId, cursor);
        // The next answer of the newest page tries again.
        if (!outcome.ok || this.#cursor !== cursor) return;
        this.#cursor = outcome.value.nextCursor;
        this.#takePage(outcome.value.notes);
      }
    } finally {
      this.#isLoadingOlder = false;
    }
  }

  #oldestStored(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { at, source } of this.#entries.values())
      if (source === "history") oldest = Math.min(oldest, at);
    return oldest;
  }

  #takePage(notes: readonly Note[]): void {
    for (const note of notes) this.#put({ ...note, source: "history", delivery: null });
    this.#update();
  }

  #receive(note: Note): void {
    this.#put({ ...note, source: "event", delivery: null });
    this.#unchanged = 0;
    if (note.truncated) this.#poller.nudge();
    this.#update();
  }

  #receiveDigest({ notes, unlisted }: Digest): void {
    if (notes.some(({ playerId }) => playerId === this.playerId)) this.#refresh();
    else if (unlisted > 0) {
      this.#unchanged = 0;
      this.#poller.soon();
    }
  }

  #put(received: NoteEntry): void {
    this.#entries.set(received.noteId, merged(this.#entries.get(received.noteId), received));
    this.#parts.outbox.delivered(received.noteId, received.source);
  }

  #applyOutbox(noteId: string, item: OutboxItem | null, delivery: Delivery): void {
    const known = this.#entries.get(noteId);
    if (item === null || item.discarded) {
      if (known?.source === "outbox") this.#entries.delete(noteId);
    } else if (known === undefined || known.source === "outbox") {
      this.#entries.set(noteId, entryOfItem(item, delivery));
    } else {
      // Its event was faster than the gateway's answer.
      queueMicrotask(() => this.#parts.outbox.delivered(noteId, known.source));
    }
    if (delivery.state === "accepted") {
      this.#unchanged = 0;
      this.#poller.reconsider();
    }
    this.#update();
  }

  #sort(): readonly NoteEntry[] {
    const all = [...this.#entries.values()].filter(
      (entry) => !isPlaced(entry) || entry.at >= this.#oldest || this.#oldest === 0,
    );
    return all.sort(
      (a, b) => Number(!isPlaced(a)) - Number(!isPlaced(b)) || compare(keyOf(a), keyOf(b)),
    );
  }

  #update(): void {
    this.#sorted = null;
    this.changed();
  }
}
