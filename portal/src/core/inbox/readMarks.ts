import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";

const MAX_MARKS = 2_000;
/** A mark is stored at the gateway by this time after it was made here, in milliseconds. */
const STORED_WITHIN_MS = 15_000;

/** The time up to which a conversation was read, and whether the user marked it as unread. */
type Mark = readonly [playerId: string, at: number, isUnread?: true];

/** Stores up to which message each conversation was read in this browser. */
export class ReadMarks extends Observable {
  readonly #key: string;
  readonly #storage: Storage | null;
  readonly #markListeners = new Set<(playerId: string) => void>();
  /** When the user marked each conversation lately, in milliseconds since 1970. */
  readonly #markedAt = new Map<string, number>();
  #marks: Map<string, Mark>;

  constructor(scope: string, storage: Storage | null) {
    super();
    this.#key = `player-portal-chat/read/${scope}`;
    this.#storage = storage;
    this.#marks = this.#load();
  }

  /** Applies the marks of other tabs until the returned function is called. */
  watch(): Unsubscribe {
    const apply = (event: StorageEvent) => {
      if (event.key !== this.#key) return;
      const before = this.#marks;
      this.#marks = this.#load();
      for (const [playerId, mark] of this.#marks)
        if (String(before.get(playerId)) !== String(mark)) this.#marked(playerId);
      this.changed();
    };
    globalThis.addEventListener?.("storage", apply);
    return () => globalThis.removeEventListener?.("storage", apply);
  }

  /** When the last read message was accepted, in microseconds since 1970; 0 for none. */
  of(playerId: string): number {
    return this.#marks.get(playerId)?.[1] ?? 0;
  }

  /** Whether the user marked it as unread. */
  isUnread(playerId: string): boolean {
    return this.#marks.get(playerId)?.[2] === true;
  }

  /** Whether the user marked it so recently that the gateway's answers may lack the mark. */
  isFresh(playerId: string): boolean {
    return Date.now() - (this.#markedAt.get(playerId) ?? 0) < STORED_WITHIN_MS;
  }

  /** Calls `listener` with each conversation that the user marks, here or in another tab. */
  onMark(listener: (playerId: string) => void): Unsubscribe {
    this.#markListeners.add(listener);
    return () => this.#markListeners.delete(listener);
  }

  /** Marks it as unread. */
  markUnread(playerId: string): void {
    this.#put([playerId, this.of(playerId), true]);
    this.#marked(playerId);
  }

  mark(playerId: string, at: number): void {
    const known = this.of(playerId);
    if (at <= known && !this.isUnread(playerId)) return;
    this.#put([playerId, Math.max(at, known)]);
    this.#marked(playerId);
  }

  /** Takes over the mark that the gateway has, in microseconds since 1970. */
  adopt(playerId: string, at: number): void {
    const known = this.of(playerId);
    if (at < known) this.#put([playerId, at, true]);
    else if (at > known || this.isUnread(playerId)) this.#put([playerId, at]);
  }

  #marked(playerId: string): void {
    for (const known of this.#markedAt.keys())
      if (!this.isFresh(known)) this.#markedAt.delete(known);
    this.#markedAt.set(playerId, Date.now());
    notifyAll(this.#markListeners, playerId);
  }

  #put(mark: Mark): void {
    const [playerId] = mark;
    this.#marks.delete(playerId);
    this.#marks.set(playerId, mark);
    // The map is in the order of reading: the first entries are the oldest.
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) break;
      this.#marks.delete(oldest);
    }
    try {
      this.#storage?.setItem(this.#key, JSON.stringify([...this.#marks.values()]));
    } catch {
      // Storage is full: the mark lasts as long as the tab.
    }
    this.changed();
  }

  #load(): Map<string, Mark> {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return new Map((kept as Mark[]).map((mark) => [mark[0], mark]));
    } catch {
      return new Map();
    }
  }
}
