import { Observable, type Unsubscribe } from "../observable.js";

const MAX_MARKS = 2_000;

/** Up to when a conversation has been read; and whether it is to be read again all the same. */
type Mark = readonly [playerId: string, at: number, isUnread?: true];

/** Up to which message each conversation has been read in this browser. */
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

  /** Follows the other tabs until what it gives back is called: what is read in one is read in all. */
  watch(): Unsubscribe {
    const take = (event: StorageEvent) => {
      if (event.key !== this.#key) return;
      this.#marks = this.#load();
      this.changed();
    };
    globalThis.addEventListener?.("storage", take);
    return () => globalThis.removeEventListener?.("storage", take);
  }

  /** The time of the last message that was read, in microseconds since 1970; 0 for none. */
  of(playerId: string): number {
    return this.#marks.get(playerId)?.[1] ?? 0;
  }

  /** Whether the user wants to read it again. */
  isUnread(playerId: string): boolean {
    return this.#marks.get(playerId)?.[2] === true;
  }

  /** The user wants to read it again. */
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
    // The first ones were not read for the longest time.
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) break;
      this.#marks.delete(oldest);
    }
    try {
      this.#storage?.setItem(this.#key, JSON.stringify([...this.#marks.values()]));
    } catch {
      // Storage is full: it stays known in this tab.
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
