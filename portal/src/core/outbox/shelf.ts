import type { Unsubscribe } from "../observable.js";
import { type OutboxItem, readItem } from "./item.js";

/** Where the outbox's items are kept, shared by the tabs of one user. */
export interface Shelf {
  items(): OutboxItem[];
  /** Keeps an item; false when it cannot be kept. */
  put(item: OutboxItem): boolean;
  remove(messageId: string): void;
  /** Hears of what other tabs put and remove: the item as it was, and as it is. */
  watch(listener: (was: OutboxItem | null, is: OutboxItem | null) => void): Unsubscribe;
}

/**
 * Local storage, with a key for each item: two tabs that write at once could lose each other's items
 * if all were under one. Where the browser keeps nothing, items live as long as the tab.
 */
export class LocalShelf implements Shelf {
  readonly #prefix: string;
  readonly #storage: Storage | null;
  readonly #target: EventTarget | null;

  /** `scope` tells apart the users and systems of one browser. */
  constructor(scope: string, storage: Storage | null, target: EventTarget | null) {
    this.#prefix = `player-portal-chat/outbox/${scope}/`;
    this.#storage = storage;
    this.#target = target;
  }

  items(): OutboxItem[] {
    const items: OutboxItem[] = [];
    const storage = this.#storage;
    if (storage === null) return items;
    for (let index = 0; index < storage.length; index += 1) {
      const key = storage.key(index);
      if (!key?.startsWith(this.#prefix)) continue;
      const item = readItem(storage.getItem(key) ?? "");
      if (item !== null) items.push(item);
    }
    return items.sort((a, b) => a.writtenAt - b.writtenAt);
  }

  put(item: OutboxItem): boolean {
    if (this.#storage === null) return false;
    try {
      this.#storage.setItem(this.#prefix + item.messageId, JSON.stringify(item));
      return true;
    } catch {
      // Storage is full: the item is still sent by this tab, which holds it in memory.
      return false;
    }
  }

  remove(messageId: string): void {
    this.#storage?.removeItem(this.#prefix + messageId);
  }

  watch(listener: (was: OutboxItem | null, is: OutboxItem | null) => void): Unsubscribe {
    const target = this.#target;
    const hear = (event: Event) => {
      const { key, oldValue, newValue } = event as StorageEvent;
      if (!key?.startsWith(this.#prefix)) return;
      listener(
        oldValue === null ? null : readItem(oldValue),
        newValue === null ? null : readItem(newValue),
      );
    };
    target?.addEventListener("storage", hear);
    return () => target?.removeEventListener("storage", hear);
  }
}

/** The browser's local storage; null on a server, and where it is turned off. A full one can still be read. */
export function localStorageOrNull(): Storage | null {
  // Node.js has one that warns of itself when it is looked at.
  if (typeof document === "undefined") return null;
  try {
    const storage = globalThis.localStorage;
    storage.getItem("player-portal-chat/probe");
    return storage;
  } catch {
    return null;
  }
}
