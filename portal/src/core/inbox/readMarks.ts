import { Observable, type Unsubscribe } from "../observable.js";

const MAX_MARKS = 2_000;

/** Up to which message each conversation has been read in this browser. */
export class ReadMarks extends Observable {
  readonly #key: string;
  readonly #storage: Storage | null;
  #marks: Map<string, number>;

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
    return this.#marks.get(playerId) ?? 0;
  }

  mark(playerId: string, at: number): void {
    if (at <= this.of(playerId)) return;
    this.#marks.delete(playerId);
    this.#marks.set(playerId, at);
    // The first ones were not read for the longest time.
    for (const oldest of this.#marks.keys()) {
      if (this.#marks.size <= MAX_MARKS) break;
      this.#marks.delete(oldest);
    }
    try {
      this.#storage?.setItem(this.#key, JSON.stringify([...this.#marks]));
    } catch {
      // Storage is full: it stays known in this tab.
    }
    this.changed();
  }

  #load(): Map<string, number> {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return new Map(kept as [string, number][]);
    } catch {
      return new Map();
    }
  }
}
