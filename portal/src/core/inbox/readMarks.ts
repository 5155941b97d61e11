import { Observable, type Unsubscribe } from "../observable.js";

const MAX_MARKS = 2_000;

/** The time up to which a conversation was read, and whether the user marked it as unread. */
type Mark = readonly [playerId: string, at: number, isUnread?: true];

/** Stores up to which message each conversation was read in this browser. */
export class ReadMarks extends Observable {
  readonly #key: string;
  readonly #storage: Storage | null;
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
      this.#marks = this.#load();
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

  /** Marks it as unread. */
  markUnread(playerId: string): void {
    this.#put([playerId, this.of(playerId), true]);
  }

  mark(playerId: string, at: number): void {
    const known = this.of(playerId);
    if (at > known || this.isUnread(playerId)) this.#put([playerId, Math.max(at, known)]);
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
