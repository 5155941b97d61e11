import { Observable, type Unsubscribe } from "./observable.js";

/** A draft is deleted this long after its last change, in milliseconds. */
const EXPIRES_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * The unsent text of each conversation's composer. Drafts outlive the tab, and the tabs of one
 * browser share them: a draft sent in one tab disappears from the others.
 */
export class Drafts extends Observable {
  readonly #prefix: string;
  readonly #storage: Storage | null;
  readonly #drafts = new Map<string, string>();

  /** `scope` separates the users and systems of one browser, and `name` what they write. */
  constructor(scope: string, storage: Storage | null, name: "draft" | "note-draft" = "draft") {
    super();
    this.#prefix = `player-portal-chat/${name}/${scope}/`;
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
      // Storage is full: the draft lasts as long as the tab.
    }
  }

  /** Applies the changes of other tabs until the returned function is called. */
  watch(): Unsubscribe {
    const apply = ({ key, oldValue, newValue }: StorageEvent) => {
      if (!key?.startsWith(this.#prefix)) return;
      const playerId = key.slice(this.#prefix.length);
      // A draft that differs from the other tab's old one was edited here: it stays.
      if (this.of(playerId) === textOf(oldValue)) this.#set(playerId, textOf(newValue));
    };
    globalThis.addEventListener?.("storage", apply);
    return () => globalThis.removeEventListener?.("storage", apply);
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
      // Storage is unreadable: there are no drafts.
    }
  }
}

/** The text of a stored draft; empty for none, and for an expired one. */
function textOf(kept: string | null): string {
  try {
    const draft: unknown = JSON.parse(kept ?? "null");
    if (typeof draft !== "object" || draft === null) return "";
    if (!("text" in draft) || !("at" in draft)) return "";
    const isFresh = typeof draft.at === "number" && Date.now() - draft.at < EXPIRES_AFTER_MS;
    return isFresh && typeof draft.text === "string" ? draft.text : "";
  } catch {
    return "";
  }
}
