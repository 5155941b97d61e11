import { Observable, type Unsubscribe } from "./observable.js";

/** A draft that has not been touched for so long is forgotten, in milliseconds. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * What is being written in each conversation, and not sent yet. It outlives the tab, and the tabs of one
 * browser share it: a draft that was sent in one disappears from another that shows the same.
 */
export class Drafts extends Observable {
  readonly #prefix: string;
  readonly #storage: Storage | null;
  readonly #drafts = new Map<string, string>();

  /** `scope` tells apart the users and systems of one browser. */
  constructor(scope: string, storage: Storage | null) {
    super();
    this.#prefix = `player-portal-chat/draft/${scope}/`;
    this.#storage = storage;
    this.#load();
  }

  of(playerId: string): string {
    return this.#drafts.get(playerId) ?? "";
  }

  change(playerId: string, text: string): void {
    this.#set(playerId, text);
    try {
      const key = this.#prefix + playerId;
      if (text === "") this.#storage?.removeItem(key);
      else this.#storage?.setItem(key, JSON.stringify({ text, at: Date.now() }));
    } catch {
      // Storage is full: it lasts as long as the tab.
    }
  }

  /** Follows the other tabs until what it gives back is called. */
  watch(): Unsubscribe {
    const take = ({ key, oldValue, newValue }: StorageEvent) => {
      if (!key?.startsWith(this.#prefix)) return;
      const playerId = key.slice(this.#prefix.length);
      // What was written here in another way is left alone.
      if (this.of(playerId) === textOf(oldValue)) this.#set(playerId, textOf(newValue));
    };
    globalThis.addEventListener?.("storage", take);
    return () => globalThis.removeEventListener?.("storage", take);
  }

  #set(playerId: string, text: string): void {
    if (text === "") this.#drafts.delete(playerId);
    else this.#drafts.set(playerId, text);
    this.changed();
  }

  #load(): void {
    try {
      for (const key of Object.keys(this.#storage ?? {})) {
        if (!key.startsWith(this.#prefix)) continue;
        const text = textOf(this.#storage?.getItem(key) ?? null);
        if (text === "") this.#storage?.removeItem(key);
        else this.#drafts.set(key.slice(this.#prefix.length), text);
      }
    } catch {
      // Storage cannot be read: there are no drafts.
    }
  }
}

/** The text of a draft as storage has it; empty for none, and for one that is forgotten. */
function textOf(kept: string | null): string {
  try {
    const draft: unknown = JSON.parse(kept ?? "null");
    if (typeof draft !== "object" || draft === null) return "";
    if (!("text" in draft) || !("at" in draft)) return "";
    const isFresh = typeof draft.at === "number" && Date.now() - draft.at < FORGOTTEN_AFTER_MS;
    return isFresh && typeof draft.text === "string" ? draft.text : "";
  } catch {
    return "";
  }
}
